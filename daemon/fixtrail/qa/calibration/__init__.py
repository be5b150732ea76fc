"""Measures the judge itself: its agreement with people, and whether it reacts to what it should react to.

:mod:`.labels` reads marks, :mod:`.agreement` and :mod:`.intervals` are the statistics, :mod:`.report` puts them
together, :mod:`.plot` draws them. :mod:`.variants` makes traces worse in known ways, :mod:`.probe` asks a judge about
them.
"""
