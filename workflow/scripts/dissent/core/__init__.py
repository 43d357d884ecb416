"""What everything stands on: tasks, files and tables, seeds, places. No torch to import."""
