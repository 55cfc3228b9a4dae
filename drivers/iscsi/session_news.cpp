// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/session_news.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace drivers::iscsi {

namespace {

thread_local SessionNews* listener = nullptr;

constexpr std::size_t keys_max = 64;

void read_key(TextPairs& keys, std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return;
    }
    const std::string key(text.substr(0, equals));
    if (key.starts_with("CHAP_")) {
        return; // Challenge and response are nobody's business.
    }
    // The log adds " [target]" to what the array said.
    std::string value(
        text.substr(equals + 1, text.find_first_of(" \r\n", equals + 1) - equals - 1));
    const auto known =
        std::find_if(keys.begin(), keys.end(), [&](const auto& pair) { return pair.first == key; });
    if (known != keys.end()) {
        known->second = std::move(value);
    } else if (keys.size() < keys_max) {
        keys.emplace_back(key, std::move(value));
    }
}

Duration seconds_in(std::string_view text) {
    const auto digits = text.find_first_of("0123456789");
    unsigned seconds = 0;
    if (digits != std::string_view::npos) {
        std::from_chars(text.data() + digits, text.data() + text.size(), seconds);
    }
    return std::chrono::seconds(seconds);
}

} // namespace

NewsScope::NewsScope(SessionNews& news) noexcept {
    listener = &news;
}

NewsScope::~NewsScope() {
    listener = nullptr;
}

void read_news(int /*level*/, const char* message) {
    constexpr std::string_view key = "TargetLoginReply: ";
    if (listener == nullptr) {
        return;
    }
    const std::string_view text(message);
    if (text.starts_with(key)) {
        read_key(listener->keys, text.substr(key.size()));
    } else if (text.starts_with("target requests logout") ||
               text.starts_with("target requests parameter")) {
        listener->is_leaving = true;
    } else if (text.starts_with("target will drop ")) { // "... Time2Wait is N seconds"
        listener->is_leaving = true;
        const auto at = text.find("Time2Wait is ");
        listener->time_to_wait =
            at == std::string_view::npos ? Duration{0} : seconds_in(text.substr(at + 13));
    } else if (text.starts_with("Ignoring received iSCSI AsyncMsg/SCSI")) {
        ++listener->scsi_events;
    } else if (text.starts_with("reconnect deferred")) {
        listener->has_given_up = true;
    }
}

} // namespace drivers::iscsi
