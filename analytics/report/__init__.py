"""What a shop's rows say over days, weeks and hours, as tables, files and one page."""
