"""What rules miss, learned from measurements: boosted residuals, intervals, success, and where they hold."""
