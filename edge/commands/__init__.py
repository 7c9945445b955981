"""The commands of the CLI, one module each: reading options, printing, nothing else."""
