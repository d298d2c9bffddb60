"""What is wrong with data: its files, its labels, what lies in more than one split."""
