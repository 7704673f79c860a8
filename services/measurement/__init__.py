"""What is measured on an outlined aorta, and with what doubt."""
