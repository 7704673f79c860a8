"""The figures that README quotes, each measured against its peer in the same run. `make bench` runs them all."""
