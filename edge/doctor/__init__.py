"""Whether this box can count: one module for each thing that is looked at. It changes nothing and prints nothing."""
