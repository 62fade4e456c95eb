import Testing

@testable import WeftCLI

@Suite struct QuantityTests {
    @Test(arguments: [
        (UInt64(0), "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (1234, "1.2 kB"), (9949, "9.9 kB"),
        (9950, "10 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (801_000_000, "801 MB"), (1_200_000_000, "1.2 GB"),
        (UInt64.max, "18 EB"),
    ])
    func bytes(count: UInt64, text: String) { #expect(Quantity.bytes(count) == text) }

    @Test(arguments: [(0.0, "0"), (0.4, "0"), (999.4, "999"), (1234, "1.2k"), (1100, "1.1k"), (34_567_890, "35M")])
    func counts(value: Double, text: String) { #expect(Quantity.count(value) == text) }

    @Test(arguments: [(0.0, "0 s"), (-1, "0 s"), (59.9, "59 s"), (60, "1 m"), (185, "3 m"), (7200, "2 h"), (864_000, "10 d")])
    func ages(seconds: Double, text: String) { #expect(Quantity.age(seconds: seconds) == text) }

    @Test(arguments: [(0.0, "0s"), (59, "59s"), (303, "5m03s"), (11_040, "3h04m"), (273_845, "3d04h")])
    func uptimes(seconds: Double, text: String) { #expect(Quantity.uptime(seconds: seconds) == text) }

    @Test(arguments: [
        (0.000_085, "85 µs"), (0.0003, "0.3 ms"), (0.0099, "9.9 ms"), (0.012, "12 ms"), (0.9996, "1.0 s"), (1.5, "1.5 s"),
    ])
    func latencies(seconds: Double, text: String) { #expect(Quantity.latency(seconds: seconds) == text) }

    @Test(arguments: [(0.0, "0.00%"), (0.0123, "1.23%"), (1, "100.00%"), (0.00004, "0.00%")])
    func percentages(ratio: Double, text: String) { #expect(Quantity.percent(ratio: ratio) == text) }

    @Test(arguments: [(0.0, "0 bit/s"), (940_000_000, "940 Mbit/s"), (1_250_000_000, "1.3 Gbit/s")])
    func rates(value: Double, text: String) { #expect(Quantity.bitsPerSecond(value) == text) }
}
