// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

namespace drivers::iscsi {

// "Target moved", said in a login response (RFC 7143 11.13.5).
struct Redirect {
    std::string to; // host:port
    bool permanent = false;
};

// Where a session is sought: at the address that was given, or where the array sent us. A temporary
// move holds for the one session; a permanent one is kept for those after it, as long as somebody
// answers there.
class Destination {
public:
    static constexpr int hops_max = 4; // In a row.

    explicit Destination(std::string given)
        : given_(std::move(given))
        , home_(given_)
        , now_(given_) {}

    const std::string& now() const noexcept { return now_; }

    // The array sent us on from now(). False: too often in a row, in circles.
    bool follow(const Redirect& redirect) {
        if (++hops_ > hops_max) {
            return false;
        }
        if (redirect.permanent && now_ == home_) {
            home_ = redirect.to;
        }
        now_ = redirect.to;
        return true;
    }

    // The numeric address that now() was found at, so that no name need be looked up again.
    void found_at(const std::string& address) {
        for (std::string* place : {&given_, &home_}) {
            if (*place == now_) {
                *place = address;
            }
        }
        now_ = address;
    }

    void stands() noexcept { hops_ = 0; } // A session is up.

    // The session that stood was lost: a temporary move is over.
    void lost() {
        now_ = home_;
        hops_ = 0;
    }

    // Nobody answers at now(), or refuses: back to where it was told, at last to what was given.
    void failed() {
        if (now_ == home_) {
            home_ = given_;
        }
        now_ = home_;
        hops_ = 0;
    }

private:
    std::string given_;
    std::string home_;
    std::string now_;
    int hops_ = 0;
};

} // namespace drivers::iscsi
