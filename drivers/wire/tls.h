// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drivers::wire {

struct TlsClientHello {                 // RFC 8446 section 4.1.2
    std::uint16_t version = 0;          // Legacy version of the hello.
    std::string server_name;            // RFC 6066 section 3
    std::vector<std::string> protocols; // ALPN, RFC 7301
    // "version,ciphers,extensions,groups,point formats", numbers joined by '-', GREASE (RFC 8701)
    // left out: the text whose MD5 is known as JA3.
    std::string fingerprint;
};

// True if the stream begins like a TLS handshake record.
bool looks_like_tls(Bytes stream) noexcept;

// The ClientHello at the start of a stream; none if it is not one or not all of it is here.
std::optional<TlsClientHello> read_client_hello(Bytes stream);

// Names in the certificates of a TLS 1.2 server's handshake (subject alternative names and common
// names that are plain printable text); empty if there is none in clear.
std::vector<std::string> read_certificate_names(Bytes stream);

} // namespace drivers::wire
