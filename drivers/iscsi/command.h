// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace drivers::iscsi {

enum class Direction : std::uint8_t { none, in, out };

enum class Residual : std::uint8_t { none, underflow, overflow }; // Of a good answer.

using Cdb = std::array<std::byte, 16>;

// One SCSI command: its descriptor block, its data and, once answered, its end. Stays where it is
// and keeps `data` until its owner was told, or its session has been destroyed.
class Command {
public:
    Command();
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    Cdb cdb{};
    std::uint8_t cdb_bytes = 16;
    Direction direction = Direction::none;
    std::span<std::byte> data{}; // In: filled. Out: sent. Borrowed.

    // Told from within Session::service(), which the owner must not destroy there. Never told for
    // a session that has gone down: then the owner ends what it still holds.
    void (*on_answer)(Command&) noexcept = nullptr;
    void (*on_abort)(Command&, bool aborted) noexcept = nullptr;
    void* owner = nullptr;

    // The answer.
    std::uint8_t scsi_status = 0;
    std::uint32_t sense = 0;            // Key << 16 | ASC << 8 | ASCQ; 0 = none came.
    Residual residual = Residual::none; // The array moved less or more than asked.
    std::size_t missing_bytes = 0;      // Underflow: so much of `data` was not filled or taken.
    bool data_still_queued = false;     // Parts of `data` may yet be sent: do not let go of it.

private:
    friend class Session;
    struct Wire; // What libiscsi keeps of it.
    std::unique_ptr<Wire> wire_;
    class Session* session_ = nullptr;
};

} // namespace drivers::iscsi
