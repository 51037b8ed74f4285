"""Load on a server, measured: `captchalab loadtest`. Needs nothing of the server's own packages."""
