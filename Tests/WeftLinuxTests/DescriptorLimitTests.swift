import Glibc
import Testing
import WeftLinux

@Suite struct DescriptorLimitTests {
    @Test func isRaisedToWhatIsAllowed() throws {
        let reached = DescriptorLimit.raise()
        var limit = rlimit()
        #expect(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #expect(limit.rlim_cur == limit.rlim_max && reached == Int(clamping: limit.rlim_max))
    }
}
