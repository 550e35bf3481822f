"""A program that runs against the plane: its environment, its identity, its network."""

from kennel.cli.program.environment import program_environment
from kennel.cli.program.identity import ROOT, identity_keys
from kennel.cli.program.launch import Published, run_program

__all__ = ["ROOT", "Published", "identity_keys", "program_environment", "run_program"]
