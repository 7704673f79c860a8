"""Networks that outline the aorta: their cards, training, and inference."""
