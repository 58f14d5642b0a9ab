"""The demo: a virtual module is calibrated and looks at every built-in scene; table, results.json and report.html."""
