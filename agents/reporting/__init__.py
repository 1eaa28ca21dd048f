"""What happened: performance, journal, charts, backtest."""
