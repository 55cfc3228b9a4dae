// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/dns.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace drivers::wire {

namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t name_bytes_max = 255; // RFC 1035 section 2.3.4
constexpr int pointers_max = 32;
constexpr std::size_t questions_max = 8;
constexpr std::size_t answers_max = 64;

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

void append_label(std::string& name, Bytes label) {
    if (!name.empty()) {
        name += '.';
    }
    for (const std::byte value : label) {
        const auto letter = std::to_integer<unsigned char>(value);
        if (letter >= 'A' && letter <= 'Z') {
            name += static_cast<char>(letter + ('a' - 'A'));
        } else if (letter > ' ' && letter < 0x7F && letter != '.' && letter != '\\') {
            name += static_cast<char>(letter);
        } else {
            name += '\\';
            name += static_cast<char>('0' + letter / 100);
            name += static_cast<char>('0' + letter / 10 % 10);
            name += static_cast<char>('0' + letter % 10);
        }
    }
}

class Reader {
public:
    Reader(Bytes bytes, DnsMessage& message)
        : bytes_(bytes)
        , message_(message)
        , at_(header_bytes) {}

    std::optional<std::uint16_t> number16() {
        if (at_ + 2 > bytes_.size()) {
            return std::nullopt;
        }
        const auto out =
            static_cast<std::uint16_t>(byte_at(bytes_, at_) << 8U | byte_at(bytes_, at_ + 1));
        at_ += 2;
        return out;
    }

    Bytes take(std::size_t count) {
        const Bytes out = bytes_.subspan(at_, std::min(count, bytes_.size() - at_));
        at_ += out.size();
        return out;
    }

    // A name at the reading place; pointers (section 4.1.4) may only lead backwards.
    std::optional<std::string> name() {
        std::string out;
        std::size_t at = at_;
        std::size_t name_bytes = 0;
        std::size_t limit = bytes_.size();
        bool jumped = false;
        for (int pointers = 0; at < limit;) {
            const std::uint8_t length = byte_at(bytes_, at);
            if ((length & 0xC0U) == 0xC0U) {
                if (at + 2 > bytes_.size() || ++pointers > pointers_max) {
                    return std::nullopt;
                }
                const std::size_t target = (length & 0x3FU) << 8U | byte_at(bytes_, at + 1);
                at_ = jumped ? at_ : at + 2;
                jumped = true;
                if (target >= at || target < header_bytes) {
                    return std::nullopt;
                }
                at = target;
                limit = bytes_.size();
                continue;
            }
            name_bytes += length + 1U;
            if ((length & 0xC0U) != 0 || at + 1 + length > bytes_.size() ||
                name_bytes > name_bytes_max) {
                return std::nullopt;
            }
            if (length == 0) {
                at_ = jumped ? at_ : at + 1;
                return out;
            }
            append_label(out, bytes_.subspan(at + 1, length));
            message_.longest_label_bytes = std::max(message_.longest_label_bytes, length);
            at += 1U + length;
        }
        return std::nullopt;
    }

private:
    Bytes bytes_;
    DnsMessage& message_;
    std::size_t at_;
};

bool read_question(Reader& in, DnsMessage& message) {
    auto name = in.name();
    const auto type = in.number16();
    const auto record_class = in.number16();
    if (!name || !type || !record_class) {
        return false;
    }
    message.questions.push_back({std::move(*name), *type});
    return true;
}

bool read_answer(Reader& in, DnsMessage& message) {
    auto name = in.name();
    const auto type = in.number16();
    const Bytes class_and_ttl = in.take(6);
    const auto length = in.number16();
    if (!name || !type || class_and_ttl.size() < 6 || !length) {
        return false;
    }
    const Bytes data = in.take(*length);
    DnsAnswer answer{std::move(*name), *type, *length, {}};
    if ((*type == dns_type_a && data.size() == 4) ||
        (*type == dns_type_aaaa && data.size() == 16)) {
        answer.address.family = *type == dns_type_a ? 4 : 6;
        std::memcpy(answer.address.bytes.data(), data.data(), data.size());
    }
    message.answers.push_back(std::move(answer));
    return data.size() == *length;
}

} // namespace

DnsMessage read_dns(Bytes bytes) {
    DnsMessage message;
    Cursor header(bytes);
    message.id = header.u16();
    const std::uint16_t flags = header.u16();
    const std::size_t questions = header.u16();
    const std::size_t answers = header.u16();
    header.skip(4);
    if (!header.ok()) {
        message.malformed = true;
        return message;
    }
    message.response = (flags & 0x8000U) != 0;
    message.code = static_cast<std::uint8_t>(flags & 0xFU);
    Reader in(bytes, message);
    message.malformed = questions > questions_max || answers > answers_max;
    for (std::size_t i = 0; i < std::min(questions, questions_max) && !message.malformed; ++i) {
        message.malformed = !read_question(in, message);
    }
    for (std::size_t i = 0; i < std::min(answers, answers_max) && !message.malformed; ++i) {
        message.malformed = !read_answer(in, message);
    }
    return message;
}

} // namespace drivers::wire
