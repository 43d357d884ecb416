"""Tables, figures and estimates of studies: many runs beside each other."""
