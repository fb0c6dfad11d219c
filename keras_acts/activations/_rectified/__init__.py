"""Rectifiers: the identity above a threshold, something small below it."""
