// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/application.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace drivers::wire {

namespace {

constexpr std::size_t head_bytes_max = 8192;
constexpr std::size_t field_bytes_max = 512;
constexpr std::array<std::string_view, 9> methods{
    "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"};

std::string_view text_view(Bytes bytes) {
    // char may alias anything: no object is reinterpreted beyond its bytes.
    return {reinterpret_cast<const char*>(bytes.data()),
            bytes.size()}; // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

std::string printable(std::string_view text) {
    std::string out(text.substr(0, field_bytes_max));
    std::replace_if(
        out.begin(),
        out.end(),
        [](unsigned char letter) { return letter < ' ' || letter >= 0x7F; },
        '?');
    return out;
}

bool is_host_field(std::string_view line) {
    static constexpr std::string_view name = "host:";
    return line.size() > name.size() &&
           std::equal(name.begin(), name.end(), line.begin(), [](char wanted, char letter) {
               return wanted == (letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
           });
}

} // namespace

std::optional<HttpRequest> read_http_request(Bytes stream) {
    const std::string_view text = text_view(stream.first(std::min(stream.size(), head_bytes_max)));
    const std::size_t method_end = text.find(' ');
    if (method_end == std::string_view::npos ||
        std::find(methods.begin(), methods.end(), text.substr(0, method_end)) == methods.end()) {
        return std::nullopt;
    }
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, line_end);
    const std::size_t target_end = line.rfind(" HTTP/");
    if (target_end == std::string_view::npos || target_end <= method_end) {
        return std::nullopt;
    }
    HttpRequest out{std::string(text.substr(0, method_end)),
                    printable(line.substr(method_end + 1, target_end - method_end - 1)),
                    ""};
    std::string_view rest = text.substr(std::min(text.size(), line_end + 1));
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view field = rest.substr(0, end);
        if (is_host_field(field)) {
            field.remove_prefix(5);
            field.remove_prefix(std::min(field.find_first_not_of(" \t"), field.size()));
            out.host = printable(field.substr(0, field.find_last_not_of(" \t\r") + 1));
            break;
        }
        rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return out;
}

std::optional<NtpHeader> read_ntp(Bytes datagram) noexcept {
    if (datagram.size() < 12) {
        return std::nullopt;
    }
    const auto first = std::to_integer<unsigned>(datagram[0]);
    const NtpHeader out{static_cast<std::uint8_t>(first >> 3U & 7U),
                        static_cast<std::uint8_t>(first & 7U),
                        std::to_integer<std::uint8_t>(datagram[1])};
    const bool control =
        out.mode >= 6; // RFC 9327: control and private messages are shorter than a time packet.
    if (out.version < 1 || out.version > 4 || out.mode == 0 || (!control && datagram.size() < 48)) {
        return std::nullopt;
    }
    return out;
}

std::optional<std::uint8_t> read_snmp_version(Bytes datagram) noexcept {
    Cursor in(datagram);
    const std::uint8_t sequence = in.u8();
    const std::uint8_t length = in.u8();
    in.skip((length & 0x80U) != 0 ? length & 0x7FU : 0U);
    const std::uint8_t integer = in.u8();
    const std::uint8_t integer_bytes = in.u8();
    const std::uint8_t version = in.u8();
    if (!in.ok() || sequence != 0x30 || integer != 0x02 || integer_bytes != 1 ||
        (version > 1 && version != 3)) {
        return std::nullopt;
    }
    return version == 3 ? std::uint8_t{3} : static_cast<std::uint8_t>(version + 1);
}

std::optional<SyslogHeader> read_syslog(Bytes datagram) noexcept {
    const std::string_view text =
        text_view(datagram.first(std::min<std::size_t>(datagram.size(), 5)));
    const std::size_t end = text.find('>');
    if (text.empty() || text[0] != '<' || end == std::string_view::npos || end < 2) {
        return std::nullopt;
    }
    unsigned priority = 0;
    for (const char digit : text.substr(1, end - 1)) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        priority = priority * 10 + static_cast<unsigned>(digit - '0');
    }
    if (priority > 191) {
        return std::nullopt;
    }
    return SyslogHeader{static_cast<std::uint8_t>(priority / 8),
                        static_cast<std::uint8_t>(priority % 8)};
}

} // namespace drivers::wire
