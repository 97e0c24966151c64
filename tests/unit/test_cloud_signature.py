"""A webhook of Meta is proven by its bytes and the app's secret."""

from anclora.providers.cloud import signature_of, signed


def test_a_signature_proves_the_very_bytes() -> None:
    body, secret = b'{"object": "x"}', "secret"
    header = signature_of(body, secret)
    # The value of `openssl dgst -sha256 -hmac secret` over the same bytes.
    assert header == "sha256=bfbe19d8139c4a7be698e4495a550f6105af5b101e855fcbbf3c4281dc76b819"
    assert signed(body, header, secret)
    for wrong in (None, "", header.upper(), header[7:], "sha256=", header[:-1] + "x", "ñ"):
        assert not signed(body, wrong, secret)
    assert not signed(body + b" ", header, secret)
    assert not signed(body, header, "other")
