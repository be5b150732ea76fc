"""What the events of a trace say by themselves, with no model asked: measures, checked claims, the label."""
