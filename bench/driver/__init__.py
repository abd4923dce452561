"""The measuring scripts' shared parts."""
