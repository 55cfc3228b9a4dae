// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/letter.h"
#include "bench/hosts/sealing.h"
#include "drivers/api/clock.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace bench::hosts {

// The other host's monotonic clock against this one's, as asked over a link: between the question
// and the answer lies the whole error.
struct ClockOffset {
    drivers::Duration offset{0}; // Theirs minus ours.
    drivers::Duration error{0};  // At most so much off, either way.
};

struct LinkSettings {
    drivers::Duration ask_every = std::chrono::milliseconds(500);
    drivers::Duration silence_max = std::chrono::seconds(20); // Then the other host counts as lost.
};

// What a link tells at once, on its own thread, so that a load can be ended.
struct LinkEvents {
    std::function<void(const std::string&)> lost;
    std::function<void()> stop;
};

// A conversation with one other host over a connected stream socket: letters in order, the offset
// of the two clocks, and the knowledge that the other one is still there. A host that ends, is
// killed or falls silent is noticed whatever else goes on. All that is said is sealed; what the
// other end did not say, here and now, ends the link.
class Link {
public:
    // Takes the descriptor over. `name`: whom one is talking to, for messages.
    struct Terms {
        SealKeys keys{};
        LinkSettings settings{};
        LinkEvents events{};
    };
    Link(int descriptor, std::string name, const drivers::Clock& clock, Terms terms);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void send(LetterKind kind, std::string_view body = {}); // Throws HostLost.

    // The next letter; none when `patience` is over. Throws HostLost once nothing more can come.
    std::optional<Letter> receive(drivers::Duration patience);

    // Of the last few questions the one that was answered fastest. None: not asked yet.
    std::optional<ClockOffset> clock_offset() const;

    // Asks so often in a row and waits for the answers. Throws HostLost.
    ClockOffset measure_clock(unsigned questions);

    const std::string& name() const { return name_; }
    std::string lost() const; // Why; empty = it is there.

private:
    void read();
    bool take_in(std::string& buffer);
    void take(Letter letter);
    void answer_clock(const std::string& body);
    void note_clock(const std::string& body);
    std::string clock_question() const;
    std::string put(LetterKind kind, std::string_view body);
    void mention(LetterKind kind, std::string_view body);
    void lose(const std::string& why);

    struct ClockSample {
        drivers::Duration offset{0};
        drivers::Duration round_trip{0};
    };

    int descriptor_;
    std::string name_;
    const drivers::Clock& clock_;
    LinkSettings settings_;
    LinkEvents events_;
    std::mutex sending_;
    Sealer sealer_; // With `sending_`: records go out in their order.
    Unsealer unsealer_;
    mutable std::mutex lock_;
    std::condition_variable changed_;
    std::deque<Letter> letters_;
    std::deque<ClockSample> clocks_; // The last few.
    std::uint64_t clock_answers_ = 0;
    std::string lost_;
    std::atomic<bool> ending_{false};
    std::atomic<bool> losing_{false}; // Once, by whoever sees it first.
    std::thread reader_;
};

} // namespace bench::hosts
