// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/unit_state.h"

#include <algorithm>
#include <bit>

namespace bench::integrity {

namespace {

constexpr std::uint64_t ones(unsigned bits) noexcept {
    return (1ULL << bits) - 1;
}

// Takes or gives fields of a word from its upper end.
class Fields {
public:
    explicit Fields(std::uint64_t word = 0) noexcept
        : word_(word) {}
    std::uint64_t take(unsigned bits) noexcept {
        at_ -= bits;
        return word_ >> at_ & ones(bits);
    }
    ContentKind take_kind() noexcept { return static_cast<ContentKind>(take(2)); }
    Fields& put(std::uint64_t value, unsigned bits) noexcept {
        at_ -= bits;
        word_ |= (value & ones(bits)) << at_;
        return *this;
    }
    Fields& put(ContentKind kind) noexcept { return put(static_cast<std::uint64_t>(kind), 2); }
    std::uint64_t word() const noexcept { return word_; }

private:
    std::uint64_t word_;
    unsigned at_ = 64;
};

// A distance in few bits, never less than the value: `Bits` in all, `Mantissa` of them for the
// digits. All ones: as far as can be.
template <unsigned Bits, unsigned Mantissa>
struct Distance {
    static constexpr std::uint64_t top = 1ULL << Mantissa;
    static constexpr std::uint64_t most = ones(Bits);

    static std::uint64_t shrink(std::uint64_t value) noexcept {
        if (value < top) {
            return value;
        }
        auto shift = static_cast<unsigned>(std::bit_width(value)) - (Mantissa + 1);
        std::uint64_t digits = (value + ones(shift)) >> shift;
        if (digits >> (Mantissa + 1) != 0) {
            digits >>= 1U;
            ++shift;
        }
        return std::min(static_cast<std::uint64_t>(shift + 1) << Mantissa | (digits - top), most);
    }
    static std::uint64_t expand(std::uint64_t small) noexcept {
        const std::uint64_t exponent = small >> Mantissa;
        const std::uint64_t digits = small & (top - 1);
        if (small == most) {
            return ~0ULL;
        }
        return exponent == 0 ? digits : (digits + top) << (exponent - 1);
    }
};

constexpr unsigned near_bits = 34;  // Of a generation in the near form.
constexpr unsigned entry_bits = 14; // Of the dictionary.
constexpr unsigned epoch_at = 48;   // In the near form.
constexpr std::uint64_t epoch_mask = 0xFFFULL << epoch_at;
using NearDistance = Distance<14, 9>;

constexpr unsigned far_bits = 42; // Of a generation with all that belongs to it.
constexpr unsigned most_bits = 50;
constexpr unsigned durable_bits = 58;
constexpr unsigned floor_scale = 16; // Lower bits of a bound that are let go.
using FarDistance = Distance<8, 2>;
using ZeroDistance = Distance<6, 0>;
constexpr std::uint64_t coarse_suspect = 255;

enum class Form : std::uint8_t { none, durable, stamped, other };

bool has_generation(ContentKind kind) noexcept {
    return kind == ContentKind::stamped || kind == ContentKind::zero;
}

std::uint64_t bound(std::uint64_t value, unsigned bits) noexcept {
    return std::min(value, ones(bits));
}

std::uint64_t behind(std::uint64_t generation, const UnitState& state) noexcept {
    return state.durable_kind != ContentKind::unknown && generation > state.durable_generation
               ? generation - state.durable_generation
               : 0;
}

std::uint64_t back_from(std::uint64_t generation, std::uint64_t distance) noexcept {
    return distance < generation ? generation - distance : 0;
}

std::uint64_t coarse(std::uint16_t epoch) noexcept {
    if (epoch == epoch_suspect) {
        return coarse_suspect;
    }
    return epoch >= epoch_coarse_first
               ? static_cast<std::uint64_t>(epoch - epoch_coarse_first)
               : static_cast<std::uint64_t>((epoch - epoch_first) % epoch_coarse_count);
}

std::uint16_t from_coarse(std::uint64_t small) noexcept {
    return small == coarse_suspect ? epoch_suspect
                                   : static_cast<std::uint16_t>(epoch_coarse_first + small);
}

std::uint64_t pack_near(const UnitState& state) noexcept {
    const bool own = has_generation(state.kind);
    const std::uint64_t extra =
        own ? NearDistance::shrink(behind(state.generation, state)) : state.entry;
    return Fields()
        .put(state.kind)
        .put(state.durable_kind)
        .put(state.epoch, 12)
        .put(extra, entry_bits)
        .put(own ? state.generation : state.durable_generation, near_bits)
        .word();
}

Fields form(Form which) noexcept {
    return Fields().put(ContentKind::unknown).put(static_cast<std::uint64_t>(which), 2);
}

std::uint64_t pack_durable(const UnitState& state) noexcept {
    Fields out = form(Form::durable).put(state.kind);
    if (state.kind == ContentKind::duplicate) {
        const unsigned rest = durable_bits - entry_bits;
        const bool known = state.durable_kind != ContentKind::unknown;
        return out.put(state.entry, entry_bits)
            .put(known ? bound(state.durable_generation, rest) : 0, rest)
            .word();
    }
    if (state.kind == ContentKind::stamped && state.generation > ones(durable_bits)) {
        return packed_unknown;
    }
    return out.put(bound(state.generation, durable_bits), durable_bits).word();
}

std::uint64_t pack_other(const UnitState& state) noexcept {
    Fields out = form(Form::other).put(state.kind).put(coarse(state.epoch), 8);
    if (state.kind == ContentKind::stamped) { // How far back it may go is let go of.
        return state.generation > ones(most_bits) ? packed_unknown
                                                  : out.put(state.generation, most_bits).word();
    }
    out.put(state.durable_kind);
    if (state.kind == ContentKind::zero) {
        const std::uint64_t least = bound(state.generation, far_bits);
        return out.put(ZeroDistance::shrink(behind(least, state)), 6).put(least, far_bits).word();
    }
    return out.put(state.entry, entry_bits)
        .put(bound(state.durable_generation >> floor_scale, 34), 34)
        .word();
}

std::uint64_t pack_far(const UnitState& state) noexcept {
    if (state.epoch == epoch_durable) {
        return pack_durable(state);
    }
    if (state.kind != ContentKind::stamped || state.generation > ones(far_bits)) {
        return pack_other(state);
    }
    return form(Form::stamped)
        .put(state.durable_kind)
        .put(coarse(state.epoch), 8)
        .put(FarDistance::shrink(behind(state.generation, state)), 8)
        .put(state.generation, far_bits)
        .word();
}

UnitState unpack_near(std::uint64_t packed) noexcept {
    UnitState out;
    Fields in(packed);
    out.kind = in.take_kind();
    out.durable_kind = in.take_kind();
    out.epoch = static_cast<std::uint16_t>(in.take(12));
    const std::uint64_t extra = in.take(entry_bits);
    const std::uint64_t generation = in.take(near_bits);
    if (has_generation(out.kind)) {
        out.generation = generation;
        out.durable_generation = back_from(generation, NearDistance::expand(extra));
    } else {
        out.entry = static_cast<std::uint32_t>(extra);
        out.durable_generation = generation;
    }
    return out;
}

UnitState unpack_durable(Fields in) noexcept {
    UnitState out;
    out.kind = in.take_kind();
    if (out.kind == ContentKind::duplicate) {
        out.entry = static_cast<std::uint32_t>(in.take(entry_bits));
        out.durable_generation = in.take(durable_bits - entry_bits);
    } else {
        out.generation = in.take(durable_bits);
        out.durable_generation = out.generation;
    }
    out.durable_kind = out.kind;
    return out;
}

UnitState unpack_other(Fields in) noexcept {
    UnitState out;
    out.kind = in.take_kind();
    out.epoch = from_coarse(in.take(8));
    if (out.kind == ContentKind::stamped) {
        out.generation = in.take(most_bits);
        return out;
    }
    out.durable_kind = in.take_kind();
    if (out.kind == ContentKind::zero) {
        const std::uint64_t distance = ZeroDistance::expand(in.take(6));
        out.generation = in.take(far_bits);
        out.durable_generation = back_from(out.generation, distance);
    } else {
        out.entry = static_cast<std::uint32_t>(in.take(entry_bits));
        out.durable_generation = in.take(34) << floor_scale;
    }
    return out;
}

UnitState unpack_far(std::uint64_t packed) noexcept {
    Fields in(packed);
    in.take(2);
    switch (static_cast<Form>(in.take(2))) {
    case Form::none:
        break;
    case Form::durable:
        return unpack_durable(in);
    case Form::stamped: {
        UnitState out;
        out.kind = ContentKind::stamped;
        out.durable_kind = in.take_kind();
        out.epoch = from_coarse(in.take(8));
        const std::uint64_t distance = FarDistance::expand(in.take(8));
        out.generation = in.take(far_bits);
        out.durable_generation = back_from(out.generation, distance);
        return out;
    }
    case Form::other:
        return unpack_other(in);
    }
    return {};
}

bool is_near(std::uint64_t packed) noexcept {
    return packed >> 62U != static_cast<std::uint64_t>(ContentKind::unknown);
}

// In a far form: the two that come first know of none.
bool has_epoch(std::uint64_t packed) noexcept {
    return packed >> 60U > static_cast<std::uint64_t>(Form::durable);
}

} // namespace

std::uint64_t pack(const UnitState& state) noexcept {
    if (state.kind == ContentKind::unknown) {
        return packed_unknown;
    }
    const std::uint64_t highest =
        has_generation(state.kind) ? state.generation : state.durable_generation;
    const bool near = highest <= ones(near_bits) && state.epoch < epoch_coarse_first;
    return near ? pack_near(state) : pack_far(state);
}

UnitState unpack(std::uint64_t packed) noexcept {
    if (packed == packed_given_up) {
        return {};
    }
    return is_near(packed) ? unpack_near(packed) : unpack_far(packed);
}

std::uint16_t epoch_of(std::uint64_t packed) noexcept {
    if (is_near(packed)) {
        return static_cast<std::uint16_t>((packed & epoch_mask) >> epoch_at);
    }
    return has_epoch(packed) ? unpack_far(packed).epoch : epoch_durable;
}

std::uint64_t with_epoch(std::uint64_t packed, std::uint16_t epoch) noexcept {
    if (is_near(packed) && epoch < epoch_coarse_first) {
        return (packed & ~epoch_mask) | static_cast<std::uint64_t>(epoch) << epoch_at;
    }
    UnitState state = unpack(packed);
    state.epoch = epoch;
    return packed == 0 ? packed : pack(state);
}

std::uint64_t from_format_1(std::uint64_t packed, std::uint64_t next) noexcept {
    if (packed == 0 || packed == packed_given_up) {
        return packed;
    }
    const bool only_one = (packed & ones(near_bits)) + (1ULL << near_bits) >= next;
    return is_near(packed) && only_one ? packed : packed_unknown;
}

} // namespace bench::integrity
