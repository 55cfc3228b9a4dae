// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/url.h"

#include "drivers/api/errors.h"
#include "profiles/units.h"

#include <charconv>
#include <fmt/format.h>

namespace bench::plan {

namespace {

constexpr std::string_view forms =
    "wanted iscsi://HOST[:PORT]/IQN/LUN, nvme+tcp://HOST[:PORT]/NQN/NSID, file:/PATH, /dev/NAME, "
    "memory:size=1GiB or null:size=1TiB";

// Everything between "://" and "@" may hold a secret, so it is never shown.
std::string shown(std::string_view text) {
    const auto begin = text.find("://");
    const auto at = text.rfind('@');
    if (begin == std::string_view::npos || at == std::string_view::npos || at < begin) {
        return std::string(text);
    }
    return fmt::format("{}...{}", text.substr(0, begin + 3), text.substr(at));
}

[[noreturn]] void refuse(std::string_view text, std::string_view wanted) {
    throw drivers::UsageError(fmt::format("URL \"{}\": {}", shown(text), wanted));
}

template <typename Number>
std::optional<Number> whole(std::string_view digits) {
    Number value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) {
        return std::nullopt;
    }
    return value;
}

// RFC 3986 2.1; none = a '%' without two hexadecimal digits, or a NUL.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const std::string_view digits = text.substr(i + 1, 2);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2 || value == 0) {
            return std::nullopt;
        }
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

UrlPortal parse_portal(std::string_view all, std::string_view text, std::uint16_t default_port) {
    UrlPortal portal;
    portal.port = default_port;
    std::string_view rest;
    if (text.starts_with('[')) { // IPv6, RFC 3986 3.2.2
        const auto close = text.find(']');
        if (close == std::string_view::npos) {
            refuse(all, "an IPv6 address wants its closing bracket");
        }
        portal.host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
    } else {
        const auto colon = text.find(':');
        portal.host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (rest.find(':', 1) != std::string_view::npos) {
            refuse(all, "an IPv6 address wants brackets: [::1]:3260");
        }
    }
    if (portal.host.empty()) {
        refuse(all, "wanted a host name or address");
    }
    if (!rest.empty()) {
        const auto port = whole<std::uint16_t>(rest.substr(1));
        if (!rest.starts_with(':') || !port || *port == 0) {
            refuse(all, "wanted a port between 1 and 65535");
        }
        portal.port = *port;
    }
    return portal;
}

void parse_authority(Url& url, std::string_view all, std::string_view text) {
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        const std::string_view user = text.substr(0, at);
        if (user.find_first_of(":%") != std::string_view::npos) {
            refuse(all,
                   "a secret does not belong into a URL, where everyone can read it; name only the "
                   "user and give the secret in a file or in the environment");
        }
        if (url.kind != UrlKind::iscsi || user.empty()) {
            refuse(all, "wanted no user here");
        }
        url.user = user;
        text.remove_prefix(at + 1);
    }
    const std::uint16_t port = url.kind == UrlKind::iscsi ? 3260 : 4420;
    while (true) {
        const auto comma = text.find(',');
        url.portals.push_back(parse_portal(all, text.substr(0, comma), port));
        if (comma == std::string_view::npos) {
            return;
        }
        text.remove_prefix(comma + 1);
    }
}

void check_target_name(const Url& url, std::string_view all) {
    const std::string& name = url.target;
    if (url.kind == UrlKind::nvme_tcp) {
        if (!name.starts_with("nqn.") || name.size() > 223) { // NVMe Base 4.5
            refuse(all, "wanted an NVMe qualified name (nqn....) of at most 223 bytes");
        }
        return;
    }
    const bool known = name.starts_with("iqn.") || name.starts_with("eui.") ||
                       name.starts_with("naa."); // RFC 7143 4.2.7
    if (!known || name.size() > 223) {
        refuse(all, "wanted an iSCSI name (iqn., eui. or naa.) of at most 223 bytes");
    }
}

void parse_unit(Url& url, std::string_view all, std::string_view path) {
    const auto slash = path.rfind('/');
    url.lists_units = slash == std::string_view::npos;
    if (slash == 0) {
        refuse(all,
               url.kind == UrlKind::iscsi ? "wanted /IQN/LUN after the portal"
                                          : "wanted /NQN/NSID after the portal");
    }
    const auto name = percent_decoded(path.substr(0, slash));
    if (!name) {
        refuse(all, "a '%' in a target name wants two hexadecimal digits");
    }
    url.target = *name;
    check_target_name(url, all);
    if (url.lists_units) {
        return;
    }
    const auto unit = whole<std::uint32_t>(path.substr(slash + 1));
    // SAM-5 4.7.7: flat space addressing ends at 16383.
    if (url.kind == UrlKind::iscsi && (!unit || *unit > 16383)) {
        refuse(all, "wanted a LUN between 0 and 16383 at the end");
    }
    if (url.kind == UrlKind::nvme_tcp && (!unit || *unit == 0 || *unit == 0xffffffff)) {
        refuse(all, "wanted a namespace id between 1 and 4294967294 at the end");
    }
    url.unit = *unit;
}

// What of a connection belongs to the place: that its bytes are held to digests.
void parse_digests(Url& url, std::string_view all, std::string_view query) {
    if (!query.starts_with('?')) {
        refuse(all, "wanted no '#'");
    }
    query.remove_prefix(1);
    for (bool more = true; more;) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        if (pair == "header_digest=1") {
            url.header_digest = true;
        } else if (pair == "data_digest=1" && url.kind == UrlKind::nvme_tcp) {
            url.data_digest = true;
        } else if (pair == "data_digest=1") {
            refuse(all,
                   "iSCSI data digests cannot be had here: libiscsi offers header digests only");
        } else if (pair != "header_digest=0" && pair != "data_digest=0") {
            refuse(all,
                   "after '?' wanted header_digest=1 or data_digest=1, joined by '&'; other "
                   "settings are options of the command");
        }
        more = end != std::string_view::npos;
        query = more ? query.substr(end + 1) : std::string_view{};
    }
}

std::string digests_text(const Url& url) {
    if (url.header_digest && url.data_digest) {
        return "?header_digest=1&data_digest=1";
    }
    return url.header_digest ? "?header_digest=1" : url.data_digest ? "?data_digest=1" : "";
}

Url parse_network(UrlKind kind, std::string_view all, std::string_view rest) {
    Url url;
    url.kind = kind;
    if (const auto query = rest.find_first_of("?#"); query != std::string_view::npos) {
        parse_digests(url, all, rest.substr(query));
        rest = rest.substr(0, query);
    }
    const auto slash = rest.find('/');
    parse_authority(url, all, rest.substr(0, slash));
    if (slash != std::string_view::npos && slash + 1 < rest.size()) {
        parse_unit(url, all, rest.substr(slash + 1));
    }
    return url;
}

void parse_memory_key(Url& url,
                      std::string_view all,
                      std::string_view key,
                      std::string_view value) {
    const bool memory = url.kind == UrlKind::memory;
    if (key == "size") {
        const auto size = profiles::parse_size_bytes(value);
        if (!size || *size == 0) {
            refuse(all, "wanted size= with a unit, for example size=1GiB");
        }
        url.size_bytes = *size;
    } else if (key == "block" && memory) {
        const auto block = profiles::parse_size_bytes(value);
        if (!block || (*block != 512 && *block != 4096)) {
            refuse(all, "wanted block=512B or block=4KiB");
        }
        url.block_bytes = static_cast<std::uint32_t>(*block);
    } else if (key == "cache" && memory && value == "volatile") {
        url.volatile_cache = true;
    } else if (key == "serial" && memory && !value.empty()) {
        url.serial = value;
    } else {
        refuse(all,
               memory ? "wanted size=, block=, cache=volatile or serial=" : "wanted size= only");
    }
}

Url parse_memory(UrlKind kind, std::string_view all, std::string_view rest) {
    Url url;
    url.kind = kind;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string_view pair = rest.substr(0, comma);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) {
            refuse(all, "wanted KEY=VALUE, for example size=1GiB");
        }
        parse_memory_key(url, all, pair.substr(0, equals), pair.substr(equals + 1));
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    if (url.size_bytes == 0 || url.size_bytes % url.block_bytes != 0) {
        refuse(all, fmt::format("wanted size= as a multiple of {} bytes", url.block_bytes));
    }
    return url;
}

Url parse_path(std::string_view all, std::string_view path) {
    if (!path.starts_with('/')) {
        refuse(all, "wanted an absolute path: file:/PATH");
    }
    Url url;
    url.kind = UrlKind::block_device;
    url.path = path;
    return url;
}

std::string size_pair(const Url& url) {
    return "size=" + profiles::size_text(url.size_bytes);
}

std::string memory_text(const Url& url) {
    return "memory:" + size_pair(url) + (url.block_bytes == 512 ? "" : ",block=4KiB") +
           (url.volatile_cache ? ",cache=volatile" : "") +
           (url.serial.empty() ? "" : ",serial=" + url.serial);
}

std::string network_text(const Url& url) {
    std::string out = url.kind == UrlKind::iscsi ? "iscsi://" : "nvme+tcp://";
    if (!url.user.empty()) {
        out += url.user + "@";
    }
    for (std::size_t i = 0; i < url.portals.size(); ++i) {
        out += (i == 0 ? "" : ",") + url.portals[i].text();
    }
    if (url.target.empty()) {
        return out + digests_text(url);
    }
    std::string name;
    for (const char byte : url.target) { // What would end the name early is written in digits.
        const bool plain = byte > ' ' && byte != '%' && byte != '/' && byte != '?' && byte != '#';
        name +=
            plain ? std::string(1, byte) : fmt::format("%{:02x}", static_cast<unsigned char>(byte));
    }
    out += '/' + name + (url.lists_units ? "" : fmt::format("/{}", url.unit));
    return out + digests_text(url);
}

} // namespace

std::string UrlPortal::text() const {
    const bool six = host.find(':') != std::string::npos;
    return six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string Url::text() const {
    switch (kind) {
    case UrlKind::iscsi:
    case UrlKind::nvme_tcp:
        return network_text(*this);
    case UrlKind::block_device:
        return "file:" + path;
    case UrlKind::memory:
        return memory_text(*this);
    case UrlKind::null:
        break;
    }
    return "null:" + size_pair(*this);
}

Url parse_url(std::string_view text) {
    const auto after = [text](std::string_view scheme) {
        return text.substr(scheme.size());
    };
    for (const char byte : text) {
        if (static_cast<unsigned char>(byte) <= ' ') {
            refuse(text, "wanted no blanks or control characters");
        }
    }
    if (text.starts_with("iscsi://")) {
        return parse_network(UrlKind::iscsi, text, after("iscsi://"));
    }
    if (text.starts_with("nvme+tcp://")) {
        return parse_network(UrlKind::nvme_tcp, text, after("nvme+tcp://"));
    }
    if (text.starts_with("memory:")) {
        return parse_memory(UrlKind::memory, text, after("memory:"));
    }
    if (text.starts_with("null:")) {
        return parse_memory(UrlKind::null, text, after("null:"));
    }
    if (text.starts_with("file:")) {
        return parse_path(text, after("file:"));
    }
    if (text.starts_with("/dev/")) {
        return parse_path(text, text);
    }
    refuse(text, forms);
}

} // namespace bench::plan
