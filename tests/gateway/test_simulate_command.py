"""skdualcnn simulate against a broker that wants to know who comes."""

import subprocess

from skdualcnn._cli import main


def test_with_tls_and_credentials(start_mosquitto, certificates, tmp_path, capsys, monkeypatch):
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    passwords.touch(mode=0o600)
    secret.write_text("s3cret\n")
    subprocess.run(["mosquitto_passwd", "-b", passwords, "ward", "s3cret"], check=True)
    broker = start_mosquitto(
        "allow_anonymous false",
        f"password_file {passwords}",
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {certificates / 'server.pem'}",
        f"keyfile {certificates / 'server.key'}",
        "require_certificate true",
    )
    command = ["simulate", "--broker", f"127.0.0.1:{broker.port}", "--username", "ward"]
    command += ["--ca", str(certificates / "ca.pem"), "--cert", str(certificates / "client.pem")]
    command += ["--key", str(certificates / "client.key")]
    command += ["--fast", "--patients", "1", "--hours", "0.05"]
    assert main([*command, "--password-file", str(secret)]) == 0
    assert "published: " in capsys.readouterr().out
    monkeypatch.setattr("skdualcnn._commands.simulate.CONNECT_WITHIN", 1.0)
    monkeypatch.setenv("SKDUALCNN_MQTT_PASSWORD", "guess")
    assert main(command) == 3
    assert "the broker refused: Not authorized" in capsys.readouterr().err
