// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/asked_name.h"

#include <algorithm>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t domain_labels = 2;
constexpr std::size_t label_bytes_max = 63;

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

} // namespace

bool AskedName::read(Bytes message, Bytes& after) {
    as_written_.clear();
    ends_.clear();
    Cursor in(message);
    in.skip(2);
    const std::uint16_t flags = in.u16();
    const std::uint16_t questions = in.u16();
    in.skip(6);
    if (!in.ok() || (flags & 0x8000U) != 0 || questions != 1) {
        return false;
    }
    while (in.ok()) {
        const std::uint8_t length = in.u8();
        if (length == 0 || length > label_bytes_max) {
            in.skip(4);
            after = in.rest();
            lower_case_.resize(as_written_.size());
            std::transform(as_written_.begin(), as_written_.end(), lower_case_.begin(), lower);
            return in.ok() && length == 0;
        }
        const Bytes label = in.take(length);
        // char may alias anything: no object is reinterpreted beyond its bytes.
        as_written_.append(reinterpret_cast<const char*>(label.data()), // NOLINT
                           label.size());
        ends_.push_back(as_written_.size());
    }
    return false;
}

std::string_view AskedName::label(std::size_t which) const {
    const std::size_t begin = which == 0 ? 0 : ends_[which - 1];
    return std::string_view(lower_case_).substr(begin, ends_[which] - begin);
}

AskedName::Fresh AskedName::beyond(const AskedName& before) const {
    const std::size_t count = ends_.size();
    const std::size_t its_count = before.ends_.size();
    std::size_t common = 0;
    while (common < std::min(count, its_count) &&
           label(count - 1 - common) == before.label(its_count - 1 - common)) {
        ++common;
    }
    common = std::clamp(common, std::min(domain_labels, count), count);
    const std::size_t bytes = common == count ? 0 : ends_[count - 1 - common];
    return {std::string_view(as_written_).substr(0, bytes),
            std::string_view(lower_case_).substr(0, bytes)};
}

} // namespace bench::egress
