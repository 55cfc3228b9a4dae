// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/mpi.h"

#include "bench/hosts/meeting.h"
#include "drivers/api/errors.h"

#if ARRAYBENCH_HAS_MPI
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

#if ARRAYBENCH_HAS_MPI && defined(__SANITIZE_ADDRESS__)
// MPI keeps what its threads and modules have allocated; that is its affair. Asked at the end.
namespace {
bool has_used_mpi = false; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
} // namespace
extern "C" int __lsan_is_turned_off();  // NOLINT(bugprone-reserved-identifier)
extern "C" int __lsan_is_turned_off() { // NOLINT(bugprone-reserved-identifier)
    return has_used_mpi ? 1 : 0;
}
#endif

namespace bench::hosts {

#if ARRAYBENCH_HAS_MPI

namespace {

using namespace std::chrono_literals;

constexpr drivers::Duration meeting_limit = 60s;
constexpr std::size_t name_bytes = 256;
constexpr std::size_t place_bytes = 4096;

class MpiSession {
public:
    MpiSession() {
#if defined(__SANITIZE_ADDRESS__)
        has_used_mpi = true;
#endif
        if (MPI_Init(nullptr, nullptr) != MPI_SUCCESS) {
            throw drivers::HostError("MPI cannot be initialised");
        }
    }
    ~MpiSession() {
        MPI_Finalize();
    }
    MpiSession(const MpiSession&) = delete;
    MpiSession& operator=(const MpiSession&) = delete;

    static unsigned rank() {
        return number_of(MPI_Comm_rank);
    }
    static unsigned size() {
        return number_of(MPI_Comm_size);
    }

    // The hosts of all ranks.
    static std::vector<std::string> hosts(unsigned size) {
        std::array<char, std::max<std::size_t>(name_bytes, MPI_MAX_PROCESSOR_NAME)> own{};
        int length = 0;
        MPI_Get_processor_name(own.data(), &length);
        std::vector<char> all(size * name_bytes);
        MPI_Allgather(
            own.data(), name_bytes, MPI_CHAR, all.data(), name_bytes, MPI_CHAR, MPI_COMM_WORLD);
        std::vector<std::string> out;
        for (unsigned i = 0; i < size; ++i) {
            const char* name = all.data() + i * name_bytes;
            out.emplace_back(name, ::strnlen(name, name_bytes));
        }
        return out;
    }

    // What rank 0 says, at every rank.
    static std::string from_leader(const std::string& text) {
        std::array<char, place_bytes> buffer{};
        std::copy_n(text.data(), std::min(text.size(), place_bytes - 1), buffer.data());
        MPI_Bcast(buffer.data(), place_bytes, MPI_CHAR, 0, MPI_COMM_WORLD);
        return buffer.data();
    }

    // The public keys of all ranks: nothing that a listener could use.
    static std::vector<PublicKey> public_keys(const PublicKey& own, unsigned size) {
        std::vector<PublicKey> out(size);
        MPI_Allgather(own.data(),
                      static_cast<int>(own.size()),
                      MPI_UNSIGNED_CHAR,
                      out.data(),
                      static_cast<int>(own.size()),
                      MPI_UNSIGNED_CHAR,
                      MPI_COMM_WORLD);
        return out;
    }

private:
    static unsigned number_of(int (*ask)(MPI_Comm, int*)) {
        int out = 0;
        ask(MPI_COMM_WORLD, &out);
        return static_cast<unsigned>(std::max(out, 0));
    }
};

} // namespace

bool knows_mpi() {
    return true;
}

Introduced introduced_by_mpi(const std::string& meet_on) {
    const MpiSession session;
    Introduced out;
    out.self.rank = MpiSession::rank();
    out.self.size = MpiSession::size();
    const auto hosts = MpiSession::hosts(out.self.size);
    out.self.host = hosts[out.self.rank];
    const bool only_here = std::all_of(
        hosts.begin(), hosts.end(), [&](const auto& one) { return one == hosts.front(); });
    if (out.self.rank > 0) {
        const MeetingKey key;
        const auto keys = MpiSession::public_keys(key.public_key(), out.self.size);
        const auto place = MeetingPlace::from_text(MpiSession::from_leader(""));
        const Met met = go_to(place, {out.self.rank, key, keys.front()}, meeting_limit);
        out.companions.push_back({met.descriptor, met.keys, hosts.front()});
        return out;
    }
    Meeting meeting({.only_this_host = only_here, .only_on = meet_on});
    const auto keys = MpiSession::public_keys(meeting.public_key(), out.self.size);
    MpiSession::from_leader(meeting.place().text());
    const std::vector<Met> met = meeting.await(keys, meeting_limit);
    for (std::size_t i = 0; i < met.size(); ++i) {
        out.companions.push_back({met[i].descriptor, met[i].keys, hosts[i + 1]});
    }
    return out;
}

#else

bool knows_mpi() {
    return false;
}

Introduced introduced_by_mpi(const std::string& /*meet_on*/) {
    throw drivers::UsageError(
        "started by an MPI launcher, but this build knows no MPI: build it on a host that has it "
        "(Debian: libopenmpi-dev), or start it on each host by itself with --shard i/n --start-at "
        "TIME and put the parts together with `arraybench merge`");
}

#endif

} // namespace bench::hosts
