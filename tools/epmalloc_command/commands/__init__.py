"""The subcommands, one module each; see epmalloc_command."""
