// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/unpack.h"

#include "drivers/api/errors.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <lz4frame.h>
#include <optional>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bench::egress {

using drivers::wire::Bytes;

namespace {

// RFC 1950 section 2.2: deflate, a window of 32 KiB, no dictionary, a check over both bytes.
constexpr unsigned zlib_first = 0x78;
constexpr std::array<unsigned, 4> zlib_seconds{0x01, 0x5E, 0x9C, 0xDA};
constexpr unsigned reserved_block = 3U << 1U; // RFC 1951 section 3.2.3: no such type of block

struct Magic {
    Packing packing;
    std::array<unsigned, 3> bytes;
};
constexpr std::array<Magic, 3> magics{{{Packing::gzip, {0x1F, 0x8B, 0x08}},  // RFC 1952, 2.3.1
                                       {Packing::zstd, {0x28, 0xB5, 0x2F}},  // RFC 8878, 3.1.1
                                       {Packing::lz4, {0x04, 0x22, 0x4D}}}}; // LZ4 frame 1.6

std::optional<Packing> packed_at(Bytes bytes) {
    const auto byte = [&](std::size_t i) {
        return std::to_integer<unsigned>(bytes[i]);
    };
    for (const Magic& magic : magics) {
        if (byte(0) == magic.bytes[0] && byte(1) == magic.bytes[1] && byte(2) == magic.bytes[2]) {
            return magic.packing;
        }
    }
    if (byte(0) == zlib_first && (byte(2) & reserved_block) != reserved_block &&
        std::find(zlib_seconds.begin(), zlib_seconds.end(), byte(1)) != zlib_seconds.end()) {
        return Packing::zlib;
    }
    return std::nullopt;
}

#if defined(__SSE2__)
__m128i all_of(unsigned value) {
    return _mm_set1_epi8(static_cast<char>(value));
}

// Of 16 places at once: which of them packed_at() would know.
unsigned packed_mask(const std::byte* at) {
    const auto load = [at](std::size_t on) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(
            at + on)); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    };
    const __m128i first = load(0);
    const __m128i second = load(1);
    const __m128i third = load(2);
    __m128i any = _mm_setzero_si128();
    for (const Magic& magic : magics) {
        const __m128i one = _mm_and_si128(_mm_cmpeq_epi8(first, all_of(magic.bytes[0])),
                                          _mm_cmpeq_epi8(second, all_of(magic.bytes[1])));
        any = _mm_or_si128(any, _mm_and_si128(one, _mm_cmpeq_epi8(third, all_of(magic.bytes[2]))));
    }
    const __m128i zlib = _mm_cmpeq_epi8(first, all_of(zlib_first));
    if (_mm_movemask_epi8(zlib) != 0) {
        __m128i seconds = _mm_setzero_si128();
        for (const unsigned value : zlib_seconds) {
            seconds = _mm_or_si128(seconds, _mm_cmpeq_epi8(second, all_of(value)));
        }
        const __m128i reserved =
            _mm_cmpeq_epi8(_mm_and_si128(third, all_of(reserved_block)), all_of(reserved_block));
        any = _mm_or_si128(any, _mm_andnot_si128(reserved, _mm_and_si128(zlib, seconds)));
    }
    return static_cast<unsigned>(_mm_movemask_epi8(any));
}
#endif

unsigned char* to_unsigned(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(
        bytes); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

} // namespace

const char* name_of(Packing packing) noexcept {
    static constexpr std::array<const char*, 4> names{"gzip", "zlib", "zstd", "lz4"};
    return names[static_cast<std::size_t>(packing)];
}

std::size_t
find_packed(Bytes bytes, std::size_t from, std::size_t starts_max, std::vector<PackedStart>& out) {
    constexpr std::size_t magic_bytes = 3;
    std::size_t more = 0;
    std::size_t at = from;
    const auto check = [&](std::size_t where) {
        if (const auto packing = packed_at(bytes.subspan(where, magic_bytes))) {
            if (out.size() < starts_max) {
                out.push_back({where, *packing});
            } else {
                ++more;
            }
        }
    };
#if defined(__SSE2__)
    for (; at + 18 <= bytes.size(); at += 16) {
        unsigned mask = packed_mask(bytes.data() + at);
        for (; mask != 0 && out.size() < starts_max; mask &= mask - 1) {
            check(at + static_cast<std::size_t>(std::countr_zero(mask)));
        }
        more += static_cast<std::size_t>(std::popcount(mask));
    }
#endif
    for (; at + magic_bytes <= bytes.size(); ++at) {
        check(at);
    }
    return more;
}

struct Unpacker::Engine {
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;
    // Takes from the front of `in`, one block at most, and fills the front of `out`; says how much
    // it wrote.
    virtual State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) = 0;
    // A block may hold tables and nothing else: what making them costs, as so many bytes put out.
    virtual std::size_t step_costs() const noexcept = 0;
    // Changes where a step went on without taking or putting out a byte.
    virtual int place() const noexcept { return 0; }
};

struct Unpacker::Inflate final : Unpacker::Engine {
    explicit Inflate(Packing packing) {
        constexpr int window_bits = 15;
        constexpr int gzip_flag = 16;
        if (inflateInit2(&stream,
                         packing == Packing::gzip ? window_bits + gzip_flag : window_bits) !=
            Z_OK) {
            throw drivers::HostError("zlib has no memory");
        }
    }
    ~Inflate() override { inflateEnd(&stream); }
    State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) override {
        const auto given = static_cast<uInt>(std::min<std::size_t>(in.size(), 1U << 30U));
        stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>( // zlib only reads it.
            in.data()));                                                    // NOLINT
        stream.avail_in = given;
        stream.next_out = to_unsigned(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        const int code = inflate(&stream, Z_BLOCK);
        wrote = out.size() - stream.avail_out;
        in = in.subspan(given - stream.avail_in);
        if (code == Z_STREAM_END) {
            return State::ended;
        }
        return code == Z_OK || code == Z_BUF_ERROR ? State::going : State::broken;
    }
    std::size_t step_costs() const noexcept override { return 1024; }
    int place() const noexcept override { return stream.data_type; } // Bits it holds, and more
    z_stream stream{};
};

struct Unpacker::Zstd final : Unpacker::Engine {
    explicit Zstd(std::uint32_t window_log_max)
        : stream(ZSTD_createDStream()) {
        if (stream == nullptr) {
            throw drivers::HostError("libzstd has no memory");
        }
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, static_cast<int>(window_log_max));
    }
    ~Zstd() override { ZSTD_freeDStream(stream); }
    State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) override {
        ZSTD_inBuffer input{in.data(), std::min(in.size(), wanted), 0};
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        const std::size_t code = ZSTD_decompressStream(stream, &output, &input);
        wrote = output.pos;
        in = in.subspan(input.pos);
        if (ZSTD_isError(code) != 0) {
            return State::broken;
        }
        wanted = std::max<std::size_t>(code, 1); // To the end of its next block, as it says.
        return code == 0 ? State::ended : State::going;
    }
    std::size_t step_costs() const noexcept override { return 2048; }
    ZSTD_DStream* stream;
    std::size_t wanted = 18; // Of the longest frame header
};

struct Unpacker::Lz4 final : Unpacker::Engine {
    Lz4() {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
            throw drivers::HostError("liblz4 has no memory");
        }
    }
    ~Lz4() override { LZ4F_freeDecompressionContext(context); }
    State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) override {
        std::size_t taken = in.size();
        wrote = out.size();
        const std::size_t code =
            LZ4F_decompress(context, out.data(), &wrote, in.data(), &taken, nullptr);
        if (LZ4F_isError(code) != 0) {
            wrote = 0;
            return State::broken;
        }
        in = in.subspan(taken);
        return code == 0 ? State::ended : State::going;
    }
    std::size_t step_costs() const noexcept override { return 64; }
    LZ4F_dctx* context = nullptr;
};

Unpacker::Unpacker(Packing packing, UnpackLimits limits)
    : packing_(packing)
    , limits_(limits) {
    if (packing == Packing::zstd) {
        engine_ = std::make_unique<Zstd>(limits.zstd_window_log_max);
    } else if (packing == Packing::lz4) {
        engine_ = std::make_unique<Lz4>();
    } else {
        engine_ = std::make_unique<Inflate>(packing);
    }
}

Unpacker::~Unpacker() = default;

Unpacker::State Unpacker::take(Bytes packed,
                               std::span<std::byte> room,
                               const Hearer& unpacked,
                               const Leave& leave) {
    while (state_ == State::going && leave(engine_->step_costs())) {
        const std::size_t before = packed.size();
        const int place = engine_->place();
        std::size_t wrote = 0;
        state_ = engine_->step(packed, room, wrote);
        bytes_out_ += wrote;
        if (wrote > 0) {
            unpacked(room.first(wrote));
        }
        if (state_ == State::going && bytes_out_ > limits_.bytes_max) {
            state_ = State::too_long;
        }
        if (wrote == 0 && packed.size() == before && engine_->place() == place) {
            packed = {}; // Wants more than there is.
            break;
        }
    }
    left_ = packed.size();
    return state_;
}

} // namespace bench::egress
