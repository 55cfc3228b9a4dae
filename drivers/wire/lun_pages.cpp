// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/lun_pages.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace drivers::wire::scsi {

namespace {

// ASCII as SCSI pads it; what cannot be printed becomes '?', so that no array can draw on a
// terminal or in a report.
std::string text_at(Bytes bytes, std::size_t at, std::size_t length) {
    std::string out;
    for (std::size_t i = at; i < std::min(at + length, bytes.size()); ++i) {
        const char byte = static_cast<char>(bytes[i]);
        out += byte >= ' ' && byte <= '~' ? byte : '?';
    }
    while (!out.empty() && (out.back() == ' ' || out.back() == '?')) {
        out.pop_back();
    }
    const auto first = out.find_first_not_of(' ');
    return first == std::string::npos ? "" : out.substr(first);
}

std::string hex(Bytes bytes) {
    std::string out;
    for (const std::byte byte : bytes) {
        out += fmt::format("{:02x}", static_cast<unsigned>(byte));
    }
    return out;
}

// The body of a VPD page, if it is the page asked for: a four-byte header, then PAGE LENGTH bytes.
Bytes page_body(Bytes page, std::uint8_t code) {
    if (page.size() < 4 || load_u8(page, 1) != code) {
        return {};
    }
    return page.subspan(4).first(std::min<std::size_t>(load_be16(page, 2), page.size() - 4));
}

struct Designator {
    std::uint8_t association = 0;
    std::uint8_t type = 0;
    Bytes value;
};

struct Name {
    int rank = 0; // How good an identity: 0 = none.
    std::string text;
};

bool is_blank(std::string_view digits) {
    return digits.find_first_not_of('0') == std::string_view::npos;
}

// Of a NAA name, whose first digit tells only its form.
Name naa_name(int rank, std::string digits) {
    return is_blank(std::string_view(digits).substr(1)) ? Name{} : Name{rank, std::move(digits)};
}

// "naa." and "eui." names are what the binary designators say; any other as its bytes.
Name scsi_name(Bytes value) {
    std::string text;
    for (const std::byte byte : value) {
        const char letter = static_cast<char>(byte);
        text += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    text.erase(std::min(text.find('\0'), text.size()));
    const bool is_naa = text.starts_with("naa.");
    if (!is_naa && !text.starts_with("eui.")) {
        return text.empty() ? Name{} : Name{2, hex(value.first(text.size()))};
    }
    std::string digits = text.substr(4);
    const bool is_plain = digits.size() >= 16 && digits.size() <= 32 &&
                          digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_plain || is_blank(digits)) {
        return {};
    }
    return is_naa ? naa_name(3, std::move(digits)) : Name{3, std::move(digits)};
}

// SPC-5 7.7.6.5: eight letters of the vendor, then what that vendor calls it.
Name vendor_name(Bytes value) {
    constexpr std::size_t vendor_bytes = 8;
    const auto says_something = [](std::byte byte) {
        return byte != std::byte{' '} && byte != std::byte{0};
    };
    const bool is_named = value.size() > vendor_bytes &&
                          std::any_of(value.begin() + vendor_bytes, value.end(), says_something);
    return is_named ? Name{1, hex(value)} : Name{};
}

// What it names the LUN, and how well.
Name name_of(const Designator& designator) {
    const Bytes value = designator.value;
    if (designator.association != 0 || value.empty()) {
        return {};
    }
    const bool naa_6 = load_u8(value, 0) >> 4U == 6;
    switch (designator.type) {
    case 0x3:
        return naa_6 && value.size() == 16 ? naa_name(7, hex(value))
               : value.size() == 8         ? naa_name(5, hex(value))
                                           : Name{};
    case 0x2:
        return value.size() >= 8 && value.size() <= 16 && !is_blank(hex(value))
                   ? Name{6, hex(value)}
                   : Name{};
    case 0xa: // Two bytes of header, then the UUID.
        return value.size() == 18 && load_u8(value, 0) >> 4U == 1 &&
                       !is_blank(hex(value.subspan(2)))
                   ? Name{4, hex(value.subspan(2))}
                   : Name{};
    case 0x8:
        return scsi_name(value);
    case 0x1:
        return vendor_name(value);
    default:
        return {};
    }
}

} // namespace

std::optional<InquiryData> parse_inquiry(Bytes bytes) {
    if (bytes.size() < 36) {
        return std::nullopt;
    }
    InquiryData out;
    out.device_type = load_u8(bytes, 0) & 0x1fU;
    out.qualifier = static_cast<std::uint8_t>(load_u8(bytes, 0) >> 5U);
    out.port_group_support = load_u8(bytes, 5) >> 4U & 0x3U;
    out.vendor = text_at(bytes, 8, 8);
    out.product = text_at(bytes, 16, 16);
    out.revision = text_at(bytes, 32, 4);
    return out;
}

std::string parse_serial(Bytes page) {
    const Bytes body = page_body(page, 0x80);
    return text_at(body, 0, body.size());
}

DeviceIds parse_device_ids(Bytes page) {
    DeviceIds out;
    Name best;
    Bytes rest = page_body(page, 0x83);
    while (rest.size() >= 4) {
        const std::size_t length = load_u8(rest, 3);
        if (length > rest.size() - 4) {
            break;
        }
        Designator designator;
        designator.association = load_u8(rest, 1) >> 4U & 0x3U;
        designator.type = load_u8(rest, 1) & 0xfU;
        designator.value = rest.subspan(4, length);
        Name name = name_of(designator);
        // Of several as good the smallest, in whatever order they are listed.
        if (name.rank > best.rank || (name.rank == best.rank && name.text < best.text)) {
            best = std::move(name);
        }
        const bool of_port = designator.association == 1 && length == 4;
        if (of_port && designator.type == 4) {
            out.relative_port = load_be16(designator.value, 2);
        } else if (of_port && designator.type == 5) {
            out.port_group = load_be16(designator.value, 2);
        }
        rest = rest.subspan(4 + length);
    }
    out.unique_id = std::move(best.text);
    return out;
}

std::optional<BlockLimits> parse_block_limits(Bytes page) {
    const Bytes body = page_body(page, 0xb0);
    if (body.size() < 12) {
        return std::nullopt;
    }
    BlockLimits out; // Offsets count from the body, four below the page's.
    out.compare_and_write_max = load_u8(body, 1);
    out.transfer_granularity = load_be16(body, 2);
    out.transfer_max = load_be32(body, 4);
    out.transfer_optimal = load_be32(body, 8);
    if (body.size() >= 28) {
        out.unmap_max = load_be32(body, 16);
        out.unmap_descriptors_max = load_be32(body, 20);
        out.unmap_granularity = load_be32(body, 24);
    }
    if (body.size() >= 40) {
        out.write_same_max = load_be64(body, 32);
    }
    return out;
}

std::optional<Provisioning> parse_provisioning(Bytes page) {
    const Bytes body = page_body(page, 0xb2);
    if (body.size() < 3) {
        return std::nullopt;
    }
    Provisioning out;
    out.unmap = (load_u8(body, 1) & 0x80U) != 0;
    out.write_same_unmap = (load_u8(body, 1) & 0x40U) != 0;
    out.type = load_u8(body, 2) & 0x7U;
    return out;
}

std::optional<Capacity> parse_capacity(Bytes bytes) {
    if (bytes.size() < 12) {
        return std::nullopt;
    }
    Capacity out;
    const std::uint64_t last = load_be64(bytes, 0);
    out.block_bytes = load_be32(bytes, 8);
    if (out.block_bytes == 0 || last >= UINT64_MAX / out.block_bytes) {
        return std::nullopt;
    }
    out.block_count = last + 1;
    if (bytes.size() >= 16) {
        out.physical_exponent = load_u8(bytes, 13) & 0xfU;
        out.thin = (load_u8(bytes, 14) & 0x80U) != 0;
        out.unmapped_reads_zero = (load_u8(bytes, 14) & 0x40U) != 0;
    }
    return out;
}

std::optional<Capacity> parse_capacity_10(Bytes bytes) {
    if (bytes.size() < 8 || load_be32(bytes, 4) == 0 || load_be32(bytes, 0) == 0xffffffff) {
        return std::nullopt; // All ones: too large for this command.
    }
    Capacity out;
    out.block_count = std::uint64_t{load_be32(bytes, 0)} + 1;
    out.block_bytes = load_be32(bytes, 4);
    return out;
}

std::optional<CacheMode> parse_cache_mode(Bytes bytes) {
    if (bytes.size() < 8) {
        return std::nullopt;
    }
    CacheMode out;
    out.write_protected = (load_u8(bytes, 3) & 0x80U) != 0;
    const std::size_t length = std::min<std::size_t>(load_be16(bytes, 0) + 2U, bytes.size());
    const std::size_t page = 8U + load_be16(bytes, 6);
    if (page + 3 <= length && (load_u8(bytes, page) & 0x7fU) == 0x08) {
        out.write_cache = (load_u8(bytes, page + 2) & 0x04U) != 0;
    }
    return out;
}

std::vector<PortGroup> parse_port_groups(Bytes bytes) {
    std::vector<PortGroup> out;
    if (bytes.size() < 4) {
        return out;
    }
    Bytes rest =
        bytes.subspan(4).first(std::min<std::size_t>(load_be32(bytes, 0), bytes.size() - 4));
    while (rest.size() >= 8) {
        PortGroup group;
        group.preferred = (load_u8(rest, 0) & 0x80U) != 0;
        group.state = load_u8(rest, 0) & 0xfU;
        group.id = load_be16(rest, 2);
        const std::size_t ports = std::min<std::size_t>(load_u8(rest, 7), (rest.size() - 8) / 4);
        for (std::size_t i = 0; i < ports; ++i) {
            group.relative_ports.push_back(load_be16(rest, 8 + i * 4 + 2));
        }
        rest = rest.subspan(8 + ports * 4);
        out.push_back(std::move(group));
    }
    return out;
}

const char* access_state_name(std::uint8_t state) noexcept {
    switch (state) { // SPC-5 table 297
    case 0x0:
        return "active/optimized";
    case 0x1:
        return "active/non-optimized";
    case 0x2:
        return "standby";
    case 0x3:
        return "unavailable";
    case 0x4:
        return "logical block dependent";
    case 0xe:
        return "offline";
    case 0xf:
        return "transitioning";
    default:
        return "reserved";
    }
}

std::string parse_reservation(Bytes bytes) {
    if (bytes.size() < 16 || load_be32(bytes, 4) < 16) {
        return "";
    }
    return hex(bytes.subspan(8, 8));
}

} // namespace drivers::wire::scsi
