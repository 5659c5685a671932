import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The JDK reads CRLs and checks their signatures.
 *
 * <p>usage: ReadCrl [CRL CA]...
 *
 * <p>Prints one line of JSON per CRL: what crl_readers.rs says.
 */
public class ReadCrl {
    private static final String REASON_CODE = "2.5.29.21";
    private static final String INVALIDITY_DATE = "2.5.29.24";
    private static final String CRL_NUMBER = "2.5.29.20";

    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        for (int at = 0; at + 1 < arguments.length; at += 2) {
            X509CRL crl;
            X509Certificate authority;
            try (InputStream list = Files.newInputStream(Path.of(arguments[at]));
                    InputStream certificate = Files.newInputStream(Path.of(arguments[at + 1]))) {
                crl = (X509CRL) factory.generateCRL(list);
                authority = (X509Certificate) factory.generateCertificate(certificate);
            }
            crl.verify(authority.getPublicKey());
            if (!crl.getIssuerX500Principal().equals(authority.getSubjectX500Principal())) {
                throw new IllegalStateException("another CA's name");
            }
            System.out.println(json(crl));
        }
    }

    private static String json(X509CRL crl) {
        List<String> entries = new ArrayList<>();
        // It has nothing, and not an empty set, for an empty CRL.
        Set<? extends X509CRLEntry> revoked = crl.getRevokedCertificates();
        for (X509CRLEntry entry : revoked == null ? Set.<X509CRLEntry>of() : revoked) {
            entries.add(String.format("\"%s\": %s", entry.getSerialNumber().toString(16), json(entry)));
        }
        return String.format("{\"number\": %s, \"this_update\": \"%s\", \"next_update\": \"%s\", \"entries\": {%s}}",
            new BigInteger(value(crl.getExtensionValue(CRL_NUMBER))), crl.getThisUpdate().toInstant(),
            crl.getNextUpdate().toInstant(), String.join(", ", entries));
    }

    private static String json(X509CRLEntry entry) {
        // Without an extension it says `null`; where there is one that it cannot read, too.
        boolean unread = entry.getExtensionValue(REASON_CODE) != null && entry.getRevocationReason() == null;
        if (unread || entry.hasUnsupportedCriticalExtension()) {
            throw new IllegalStateException("an extension that it cannot read");
        }
        String reason = entry.getRevocationReason() == null ? "null"
            : "\"" + entry.getRevocationReason().name().toLowerCase(Locale.ROOT).replace('_', '-') + "\"";
        byte[] invalid = entry.getExtensionValue(INVALIDITY_DATE);
        String since = invalid == null ? "null" : "\"" + time(value(invalid)) + "\"";
        return String.format("{\"at\": \"%s\", \"reason\": %s, \"invalidity_date\": %s}",
            entry.getRevocationDate().toInstant(), reason, since);
    }

    /** What is inside an OCTET STRING that holds one short value. */
    private static byte[] value(byte[] extension) {
        return Arrays.copyOfRange(extension, 4, extension.length);
    }

    /** A GeneralizedTime. */
    private static Instant time(byte[] octets) {
        String digits = new String(octets, StandardCharsets.US_ASCII);
        return Instant.parse(digits.replaceFirst("^(....)(..)(..)(..)(..)(..)Z$", "$1-$2-$3T$4:$5:$6Z"));
    }
}
