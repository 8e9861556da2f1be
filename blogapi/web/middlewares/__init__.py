"""What every request passes through, outermost first: `log_requests`, `render_errors`, `protect`, sessions."""
