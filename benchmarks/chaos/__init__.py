"""What the counts survive: the real service, broker and reader, killed, cut off, filled up and set to wrong times."""
