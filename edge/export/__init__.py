"""Makes lean networks for the box out of other people's: needs the extra [export], and nothing of it runs in a shop."""
