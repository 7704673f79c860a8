"""What others computed: results of other programs and readers, each format in a file of its own."""
