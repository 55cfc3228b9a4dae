// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/tls.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace drivers::wire {

namespace {

constexpr std::uint8_t record_handshake = 22;
constexpr std::uint8_t message_client_hello = 1;
constexpr std::uint8_t message_certificate = 11;
constexpr std::uint16_t extension_server_name = 0;
constexpr std::uint16_t extension_groups = 10;
constexpr std::uint16_t extension_point_formats = 11;
constexpr std::uint16_t extension_alpn = 16;
constexpr std::size_t handshake_bytes_max = 65536;
constexpr std::size_t names_max = 64;
constexpr std::size_t places_max = 256; // In which a certificate is asked for a name

std::string text_of(Bytes bytes) {
    std::string out;
    for (const std::byte value : bytes) {
        const auto letter = std::to_integer<unsigned char>(value);
        out += letter > ' ' && letter < 0x7F ? static_cast<char>(letter) : '?';
    }
    return out;
}

bool is_grease(std::uint16_t value) {
    return (value & 0x0F0FU) == 0x0A0AU && value >> 8U == (value & 0xFFU);
}

// No stack sends as many numbers of a kind: more add nothing to a fingerprint but work.
constexpr std::size_t list_text_max = 2048;

void append_number(std::string& list, std::uint16_t value) {
    if (!is_grease(value) && list.size() < list_text_max) {
        list += (list.empty() ? "" : "-") + std::to_string(value);
    }
}

// Handshake messages may be spread over several records (section 5.1): joins what is here.
std::vector<std::byte> joined_handshake(Bytes stream) {
    std::vector<std::byte> out;
    Cursor in(stream);
    while (in.left() >= 5 && out.size() < handshake_bytes_max) {
        const std::uint8_t type = in.u8();
        const std::uint16_t version = in.u16();
        const std::uint16_t length = in.u16();
        if (type != record_handshake || version >> 8U != 3) {
            break;
        }
        const Bytes fragment = in.rest().first(std::min<std::size_t>(length, in.left()));
        out.insert(out.end(), fragment.begin(), fragment.end());
        in.skip(fragment.size());
    }
    return out;
}

struct Extensions {
    std::string kinds;
    std::string groups;
    std::string point_formats;
};

void read_extension(std::uint16_t kind, Bytes body, TlsClientHello& hello, Extensions& seen) {
    Cursor in(body);
    append_number(seen.kinds, kind);
    if (kind == extension_server_name) {
        in.skip(2);
        const std::uint8_t name_type = in.u8();
        const Bytes name = in.take(in.u16());
        if (in.ok() && name_type == 0) {
            hello.server_name = text_of(name);
        }
    } else if (kind == extension_alpn) {
        in.skip(2);
        while (in.ok() && in.left() > 0 && hello.protocols.size() < names_max) {
            const Bytes name = in.take(in.u8());
            if (in.ok()) {
                hello.protocols.push_back(text_of(name));
            }
        }
    } else if (kind == extension_groups) {
        Cursor list(in.take(in.u16()));
        while (list.left() >= 2) {
            append_number(seen.groups, list.u16());
        }
    } else if (kind == extension_point_formats) {
        Cursor list(in.take(in.u8()));
        while (list.left() >= 1) {
            append_number(seen.point_formats, list.u8());
        }
    }
}

bool printable_name(Bytes bytes) {
    return bytes.size() >= 3 && std::all_of(bytes.begin(), bytes.end(), [](std::byte value) {
               const auto letter = std::to_integer<unsigned char>(value);
               return letter > ' ' && letter < 0x7F;
           });
}

struct CertificateNames {
    std::vector<std::string> names;
    std::size_t places = 0; // Asked
};

// DER is searched for the two places where host names stand: id-at-commonName (2.5.4.3) followed by
// a string, and context tag [2], dNSName of a GeneralName (RFC 5280 section 4.2.1.6).
void collect_names(Bytes certificate, CertificateNames& found_names) {
    static constexpr std::array<std::byte, 5> common_name{
        std::byte{0x06}, std::byte{0x03}, std::byte{0x55}, std::byte{0x04}, std::byte{0x03}};
    static constexpr std::array<std::byte, 5> alternative_name{
        std::byte{0x06}, std::byte{0x03}, std::byte{0x55}, std::byte{0x1D}, std::byte{0x11}};
    const auto add = [&](std::size_t at) { // tag, length below 128, text
        if (at + 2 > certificate.size() || found_names.names.size() >= names_max ||
            ++found_names.places > places_max) {
            return std::size_t{0};
        }
        const std::size_t length = std::to_integer<std::size_t>(certificate[at + 1]);
        if (length > 127 || at + 2 + length > certificate.size() ||
            !printable_name(certificate.subspan(at + 2, length))) {
            return std::size_t{0};
        }
        found_names.names.push_back(text_of(certificate.subspan(at + 2, length)));
        return 2 + length;
    };
    auto found =
        std::search(certificate.begin(), certificate.end(), common_name.begin(), common_name.end());
    for (; found != certificate.end() && found_names.places <= places_max;
         found =
             std::search(found + 1, certificate.end(), common_name.begin(), common_name.end())) {
        add(static_cast<std::size_t>(found - certificate.begin()) + common_name.size());
    }
    found = std::search(
        certificate.begin(), certificate.end(), alternative_name.begin(), alternative_name.end());
    if (found != certificate.end()) {
        auto at = static_cast<std::size_t>(found - certificate.begin()) + alternative_name.size();
        for (const std::size_t end = std::min(certificate.size(), at + 12);
             at < end && certificate[at] != std::byte{0x82};) {
            ++at; // OCTET STRING and SEQUENCE headers
        }
        while (at < certificate.size() && certificate[at] == std::byte{0x82}) {
            const std::size_t step = add(at);
            if (step == 0) {
                break;
            }
            at += step;
        }
    }
}

} // namespace

bool looks_like_tls(Bytes stream) noexcept {
    return stream.size() >= 3 && stream[0] == std::byte{record_handshake} &&
           stream[1] == std::byte{3} && stream[2] <= std::byte{4};
}

std::optional<TlsClientHello> read_client_hello(Bytes stream) {
    if (!looks_like_tls(stream)) {
        return std::nullopt;
    }
    const std::vector<std::byte> handshake = joined_handshake(stream);
    Cursor in(handshake);
    const std::uint8_t type = in.u8();
    const std::uint32_t length = in.u24();
    if (!in.ok() || type != message_client_hello || length > in.left()) {
        return std::nullopt;
    }
    TlsClientHello hello;
    hello.version = in.u16();
    in.skip(32);
    in.skip(in.u8());
    Cursor ciphers(in.take(in.u16()));
    in.skip(in.u8());
    std::string cipher_list;
    while (ciphers.left() >= 2) {
        append_number(cipher_list, ciphers.u16());
    }
    if (!in.ok()) {
        return std::nullopt;
    }
    Extensions seen;
    Cursor extensions(in.take(in.left() >= 2 ? in.u16() : 0));
    while (extensions.left() >= 4) {
        const std::uint16_t kind = extensions.u16();
        const Bytes body = extensions.take(extensions.u16());
        if (!extensions.ok()) {
            break;
        }
        read_extension(kind, body, hello, seen);
    }
    hello.fingerprint = std::to_string(hello.version) + "," + cipher_list + "," + seen.kinds + "," +
                        seen.groups + "," + seen.point_formats;
    return hello;
}

std::vector<std::string> read_certificate_names(Bytes stream) {
    CertificateNames found;
    const std::vector<std::byte> handshake =
        looks_like_tls(stream) ? joined_handshake(stream) : std::vector<std::byte>{};
    Cursor in(handshake);
    while (in.left() >= 4) {
        const std::uint8_t type = in.u8();
        const Bytes body = in.take(in.u24());
        if (!in.ok()) {
            break;
        }
        if (type == message_certificate) {
            Cursor list(body);
            list.skip(3);
            while (list.left() >= 3) {
                collect_names(list.take(list.u24()), found);
            }
        }
    }
    std::sort(found.names.begin(), found.names.end());
    found.names.erase(std::unique(found.names.begin(), found.names.end()), found.names.end());
    return std::move(found.names);
}

} // namespace drivers::wire
