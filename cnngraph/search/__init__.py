"""Many runs with many settings: `tune.tune(tune.Plan(file, {"lr": "log(1e-4, 1e-1)", "n1": (8, 16)}), folder)`."""
