// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/link.h"

#include <memory>
#include <string>
#include <vector>

namespace bench::hosts {

// One of the hosts at the other end of a connected socket.
struct Companion {
    int descriptor = -1;
    SealKeys keys{};
    std::string host; // As it calls itself.
};

// The hosts that drive one load together, as one of them sees it: the leader (rank 0) has a link to
// every other, each other one to the leader. Whoever brought them together (MPI, a test) is not
// needed any more.
class Fellowship {
public:
    struct Self {
        unsigned rank = 0;
        unsigned size = 1;
        std::string host;
        LinkSettings link{};
    };

    // `companions`: of the leader all others in order of rank, of another the leader alone. What
    // `events` tells comes from threads of the links.
    Fellowship(Self self,
               const std::vector<Companion>& companions,
               const drivers::Clock& clock,
               const LinkEvents& events);

    bool leads() const { return self_.rank == 0; }
    unsigned rank() const { return self_.rank; }
    unsigned size() const { return self_.size; }
    const std::string& host() const { return self_.host; }

    // The leader's links to the others, in order of rank from 1 on; another's to the leader.
    Link& link(std::size_t place) { return *links_.at(place); }
    std::size_t links() const { return links_.size(); }

    void tell_all(LetterKind kind, std::string_view body = {}); // Throws HostLost.

    // Who was lost first and why; empty = all are there.
    std::string lost() const;

private:
    Self self_;
    std::vector<std::unique_ptr<Link>> links_;
    mutable std::mutex lock_;
    std::string first_lost_;
};

} // namespace bench::hosts
