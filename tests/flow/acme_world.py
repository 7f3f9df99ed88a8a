# SPDX-License-Identifier: Apache-2.0
"""A CA whose ACME directory looks at ports of ours, and what answers there."""
import re

import acme_client
import hnp


def directory(ca, profile="server", **settings):
    """Sets members of a profile's acme: in hanaper.yaml; the daemon must be told."""
    path = ca.dir / "hanaper.yaml"
    lines = path.read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if re.match(rf"\s*- name: {profile}$", line))
    at = next(i for i in range(at, len(lines)) if lines[i].strip() == "acme:")
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()) + 2)
    for key, value in settings.items():
        if isinstance(value, (list, tuple)):
            value = "[" + ", ".join(f'"{v}"' for v in value) + "]"
        end = next(i for i in range(at + 1, len(lines) + 1)
                   if i == len(lines) or (lines[i].strip() and not lines[i].startswith(indent)))
        for i in range(at + 1, end):
            if lines[i].strip().startswith(f"{key}:"):
                lines[i] = f"{indent}{key}: {value}"
                break
        else:
            lines.insert(at + 1, f"{indent}{key}: {value}")
    path.write_text("\n".join(lines))


class AcmeTest(hnp.FlowTest):
    """http-01 is asked of self.responder; localhost is a name that every profile of the tests has."""

    running = False
    settings = {}  # of the directory
    site = {}      # of what all directories share

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responder = acme_client.Responder()
        cls.addClassCleanup(cls.responder.close)
        directory(cls.ca, http_port=cls.responder.port, **cls.settings)
        if cls.site:
            path = cls.ca.dir / "hanaper.yaml"
            path.write_text(path.read_text() + "\nacme:\n"
                            + "".join(f"  {key}: {value}\n" for key, value in cls.site.items()))
        cls.ca.start()

    def client(self, **more):
        """Registered."""
        client = acme_client.Client(self.ca.api_port, self.ca.dir / "root.crt", **more)
        answer = client.register()
        self.assertEqual(answer.status, 201, answer)
        self.addCleanup(client.close)
        return client
