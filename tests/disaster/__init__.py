"""Machines that die with their disk: real processes, a real replica, and people who go on typing."""
