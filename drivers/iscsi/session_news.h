// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace drivers::iscsi {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// What libiscsi tells nowhere but in its log: the keys that an array answered at login, and its
// asynchronous messages (RFC 7143 11.9), which libiscsi acts upon by itself.
struct SessionNews {
    TextPairs keys;
    std::uint64_t scsi_events = 0; // Asynchronous SCSI events, whatever they said.
    bool is_leaving = false;       // The array asked for a logout, or said that it will hang up.
    Duration time_to_wait{0};      // Before it is to be tried again.
    bool has_given_up = false;     // libiscsi: the connection is gone.
};

// While it lives, what this thread's calls of libiscsi log goes to `news`.
class NewsScope {
public:
    explicit NewsScope(SessionNews& news) noexcept;
    ~NewsScope();
    NewsScope(const NewsScope&) = delete;
    NewsScope& operator=(const NewsScope&) = delete;
};

// libiscsi's log function; its hook carries no context.
void read_news(int level, const char* message);

inline constexpr int news_level_of_login = 6; // Keys are told here.
inline constexpr int news_level = 2;          // Asynchronous messages.

} // namespace drivers::iscsi
