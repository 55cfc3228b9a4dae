// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/dns_writer.h"

#include "drivers/wire/big_endian.h"

#include <algorithm>

namespace drivers::wire {

namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 253;

void put16(std::vector<std::byte>& out, std::uint16_t number) {
    out.push_back(static_cast<std::byte>(number >> 8U));
    out.push_back(static_cast<std::byte>(number & 0xFFU));
}

// Where the only question ends; 0 = there is not just one, or it does not fit.
std::size_t question_end(Bytes query) noexcept {
    constexpr std::uint16_t response_flag = 0x8000;
    if (query.size() < header_bytes || (load_be16(query, 2) & response_flag) != 0 ||
        load_be16(query, 4) != 1) {
        return 0;
    }
    std::size_t at = header_bytes;
    while (at < query.size() && query[at] != std::byte{0}) {
        const auto length = std::to_integer<std::size_t>(query[at]);
        if (length > label_bytes_max) {
            return 0; // A question has no use for compression.
        }
        at += length + 1;
    }
    constexpr std::size_t root_type_class = 1 + 2 + 2;
    const std::size_t end = at + root_type_class;
    return end <= query.size() && at - header_bytes <= name_bytes_max + 1 ? end : 0;
}

} // namespace

std::vector<std::byte>
write_dns_query(std::uint16_t id, std::string_view name, std::uint16_t type) {
    constexpr std::uint16_t recursion_desired = 0x0100;
    constexpr std::uint16_t class_internet = 1;
    std::vector<std::byte> out;
    for (const std::uint16_t field : {id,
                                      recursion_desired,
                                      std::uint16_t{1},
                                      std::uint16_t{0},
                                      std::uint16_t{0},
                                      std::uint16_t{0}}) {
        put16(out, field);
    }
    name = name.substr(0, name_bytes_max);
    while (!name.empty()) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        const std::string_view label = name.substr(0, std::min(dot, label_bytes_max));
        if (!label.empty()) {
            out.push_back(static_cast<std::byte>(label.size()));
            std::transform(label.begin(), label.end(), std::back_inserter(out), [](char letter) {
                return static_cast<std::byte>(letter);
            });
        }
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    out.push_back(std::byte{0});
    put16(out, type);
    put16(out, class_internet);
    return out;
}

std::uint16_t dns_question_type(Bytes query) noexcept {
    const std::size_t end = question_end(query);
    return end == 0 ? std::uint16_t{0} : load_be16(query, end - 4);
}

std::vector<std::byte> write_dns_answer(Bytes query, Bytes data, std::uint32_t lifetime_s) {
    constexpr std::uint16_t answer_flags = 0x8180; // Response, recursion desired and available.
    constexpr std::uint16_t pointer_to_question = 0xC000 + header_bytes;
    const std::size_t end = question_end(query);
    if (end == 0 || data.size() > 0xFFFFU) {
        return {};
    }
    std::vector<std::byte> out(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end));
    store_be16(out, 2, answer_flags);
    store_be16(out, 6, data.empty() ? 0 : 1);
    store_be16(out, 8, 0);
    store_be16(out, 10, 0);
    if (data.empty()) {
        return out;
    }
    put16(out, pointer_to_question);
    put16(out, load_be16(query, end - 4));
    put16(out, load_be16(query, end - 2));
    put16(out, static_cast<std::uint16_t>(lifetime_s >> 16U));
    put16(out, static_cast<std::uint16_t>(lifetime_s & 0xFFFFU));
    put16(out, static_cast<std::uint16_t>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

} // namespace drivers::wire
