"""Every option of every config file, typed. No torch: planning stays fast."""
