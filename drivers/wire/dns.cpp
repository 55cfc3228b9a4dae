// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/dns.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace drivers::wire {

namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t name_bytes_max = 255; // RFC 1035 section 2.3.4
constexpr int pointers_max = 32;            // Of a name
constexpr std::size_t borrowed_steps_max =
    1024;                                       // Labels and pointers behind pointers, of a message
constexpr std::size_t borrowed_bytes_max = 512; // Of questions' names
constexpr std::size_t questions_max = 8;
constexpr std::size_t answers_max = 64;

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

// A name as text, while it is read: at most four characters a byte.
class NameText {
public:
    void add_label(Bytes label) {
        if (length_ > 0) {
            text_[length_++] = '.';
        }
        for (const std::byte value : label) {
            const auto letter = std::to_integer<unsigned char>(value);
            if (letter > ' ' && letter < 0x7F && letter != '.' && letter != '\\') {
                const bool upper = letter >= 'A' && letter <= 'Z';
                text_[length_++] = static_cast<char>(upper ? letter + ('a' - 'A') : letter);
            } else {
                text_[length_++] = '\\';
                text_[length_++] = static_cast<char>('0' + letter / 100);
                text_[length_++] = static_cast<char>('0' + letter / 10 % 10);
                text_[length_++] = static_cast<char>('0' + letter % 10);
            }
        }
    }
    std::string text() const { return {text_.data(), length_}; }

private:
    std::array<char, 4 * (name_bytes_max + 1)> text_; // What lies before length_ has been written.
    std::size_t length_ = 0;
};

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

    // A name at the reading place; pointers (section 4.1.4) may only lead backwards. False: it is
    // none. Its text only where it is asked for.
    bool name(NameText* text) {
        std::size_t at = at_;
        std::size_t name_bytes = 0;
        bool jumped = false;
        for (int pointers = 0; at < bytes_.size();) {
            const std::uint8_t length = byte_at(bytes_, at);
            if (jumped && ++borrowed_steps_ > borrowed_steps_max) {
                return false;
            }
            if ((length & 0xC0U) == 0xC0U) {
                if (at + 2 > bytes_.size() || ++pointers > pointers_max) {
                    return false;
                }
                const std::size_t target = (length & 0x3FU) << 8U | byte_at(bytes_, at + 1);
                at_ = jumped ? at_ : at + 2;
                jumped = true;
                if (target >= at || target < header_bytes) {
                    return false;
                }
                at = target;
                continue;
            }
            name_bytes += length + 1U;
            if ((length & 0xC0U) != 0 || at + 1 + length > bytes_.size() ||
                name_bytes > name_bytes_max) {
                return false;
            }
            if (length == 0) {
                at_ = jumped ? at_ : at + 1;
                return true;
            }
            message_.longest_label_bytes = std::max(message_.longest_label_bytes, length);
            if (text != nullptr) {
                borrowed_bytes_ += jumped ? length : 0U;
                if (borrowed_bytes_ > borrowed_bytes_max) {
                    return false;
                }
                text->add_label(bytes_.subspan(at + 1, length));
            }
            at += 1U + length;
        }
        return false;
    }

private:
    Bytes bytes_;
    DnsMessage& message_;
    std::size_t at_;
    std::size_t borrowed_steps_ = 0;
    std::size_t borrowed_bytes_ = 0;
};

bool read_question(Reader& in, DnsMessage& message) {
    NameText name;
    if (!in.name(&name)) {
        return false;
    }
    const auto type = in.number16();
    const auto record_class = in.number16();
    if (!type || !record_class) {
        return false;
    }
    message.questions.push_back({name.text(), *type});
    return true;
}

bool read_answer(Reader& in, DnsMessage& message) {
    if (!in.name(nullptr)) {
        return false;
    }
    const auto type = in.number16();
    const Bytes class_and_ttl = in.take(6);
    const auto length = in.number16();
    if (!type || class_and_ttl.size() < 6 || !length) {
        return false;
    }
    const Bytes data = in.take(*length);
    DnsAnswer answer{*type, *length, {}};
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
