"""How everything shipped was made: one readable file per stage."""
