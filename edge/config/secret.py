"""Where a secret is found. The secret itself is read by edge.adapters.secrets and never stands in a configuration."""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.section import Section

EXPECTED = "expected {env: NAME}, {file: /absolute/path} or {credential: NAME}; secrets never stand in the YAML text"


class SecretRef(Section):
    """Exactly one place to read a secret from."""

    env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Name of an environment variable.")
    file: str | None = Field(None, pattern=r"^/[^\x00]+$", description="Absolute path of a file that holds it.")
    credential: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        description="Name of a systemd credential (LoadCredential=), a file in $CREDENTIALS_DIRECTORY.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> SecretRef:
        if len(self.place()) != 1:
            raise ValueError(EXPECTED)
        return self

    def place(self) -> dict[str, str]:
        """The one key and its value."""
        return {key: value for key, value in self if value is not None}

    def __str__(self) -> str:
        return "".join(f"{{{key}: {value}}}" for key, value in self.place().items())
