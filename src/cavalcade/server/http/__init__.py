"""HTTP under the API: uvicorn with bounds, the access log, metrics, and problem documents."""
