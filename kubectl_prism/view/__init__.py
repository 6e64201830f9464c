"""What a person reads: objects in, severities, words, rows and trees out.

Pure and lenient: input is plain manifests as the API server gave them, the clock is an argument, and an odd object
never raises. Values are frozen; none holds colours. Called by the command line; knows neither terminal nor cluster.
"""
