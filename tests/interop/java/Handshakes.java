import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.EnumSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * TLS handshakes over the loopback address, judged by the JDK's PKIX validator with CRLs, and no fallback without them.
 *
 * <p>usage: Handshakes SERVER-FOLDER ROOTS CRLS [NAME CLIENT-FOLDER ROOTS HOST]...
 *
 * <p>Prints one line per handshake: what handshakes.rs says.
 */
public final class Handshakes {
    private static final int TIME_LIMIT_SECONDS = 10;
    private static final byte[] GREETING = {'h', 'e', 'l', 'l', 'o'};

    public static void main(String[] arguments) throws Exception {
        // The status of a certificate comes from the CRLs given here and from nowhere else.
        Security.setProperty("ocsp.enable", "false");
        Path crls = Path.of(arguments[2]);
        SSLContext server = context(arguments[0], Path.of(arguments[1]), crls);
        ExecutorService executor = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        for (int at = 3; at < arguments.length; at += 4) {
            SSLContext client = context(arguments[at + 1], Path.of(arguments[at + 2]), crls);
            String refusals = handshake(executor, server, client, arguments[at + 3]);
            System.out.println(arguments[at] + (refusals.isEmpty() ? " accepted" : " refused: " + refusals));
        }
    }

    /** The words of the sides that refused; empty when both accepted. */
    private static String handshake(ExecutorService executor, SSLContext server, SSLContext client, String host)
            throws Exception {
        InetAddress loopback = InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1});
        try (SSLServerSocket listener =
                (SSLServerSocket) server.getServerSocketFactory().createServerSocket(0, 1, loopback)) {
            listener.setNeedClientAuth(true);
            listener.setSoTimeout(TIME_LIMIT_SECONDS * 1000);
            Future<String> served = executor.submit(() -> serveOne(listener));
            InetSocketAddress address = new InetSocketAddress(loopback, listener.getLocalPort());
            String words = words("client", () -> greet(client, host, address));
            return words + served.get(TIME_LIMIT_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static String serveOne(SSLServerSocket listener) {
        return words("server", () -> {
            try (SSLSocket connection = (SSLSocket) listener.accept()) {
                connection.setSoTimeout(TIME_LIMIT_SECONDS * 1000);
                connection.startHandshake();
                connection.getSession().getPeerCertificates();
                connection.getOutputStream().write(GREETING);
            }
            return null;
        });
    }

    private static Void greet(SSLContext context, String host, InetSocketAddress address) throws IOException {
        try (Socket plain = new Socket()) {
            plain.connect(address, TIME_LIMIT_SECONDS * 1000);
            plain.setSoTimeout(TIME_LIMIT_SECONDS * 1000);
            try (SSLSocket connection =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, host, address.getPort(), true)) {
                SSLParameters parameters = connection.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                connection.setSSLParameters(parameters);
                connection.startHandshake();
                if (connection.getInputStream().readNBytes(GREETING.length).length != GREETING.length) {
                    throw new IOException("no greeting");
                }
            }
        }
        return null;
    }

    private static String words(String side, Callable<Void> part) {
        try {
            part.call();
            return "";
        } catch (Exception exception) {
            StringBuilder words = new StringBuilder(side).append(':');
            for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
                words.append(' ').append(cause.toString().replace('\n', ' ')).append(';');
            }
            return words.append(' ').toString();
        }
    }

    private static SSLContext context(String folder, Path roots, Path crls) throws Exception {
        KeyManager[] keys = {};
        if (!folder.equals("-")) {
            keys = new KeyManager[] {new OnlyKey(Path.of(folder))};
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, trust(roots, crls).getTrustManagers(), null);
        return context;
    }

    private static TrustManagerFactory trust(Path roots, Path crls) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        for (Certificate root : read(factory, roots)) {
            anchors.setCertificateEntry("root-" + anchors.size(), root);
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
        try (InputStream stream = Files.newInputStream(crls)) {
            CollectionCertStoreParameters given = new CollectionCertStoreParameters(factory.generateCRLs(stream));
            parameters.addCertStore(CertStore.getInstance("Collection", given));
        }
        PKIXRevocationChecker checker =
                (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
        checker.setOptions(EnumSet.of(Option.PREFER_CRLS, Option.NO_FALLBACK));
        parameters.addCertPathChecker(checker);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(new CertPathTrustManagerParameters(parameters));
        return trust;
    }

    private static Collection<? extends Certificate> read(CertificateFactory factory, Path path) throws Exception {
        try (InputStream stream = Files.newInputStream(path)) {
            return factory.generateCertificates(stream);
        }
    }

    /** Presents one key and its chain whatever the other side asks for: the other side is to judge them. */
    private static final class OnlyKey extends X509ExtendedKeyManager {
        private static final String ALIAS = "only";
        private final PrivateKey key;
        private final X509Certificate[] chain;

        OnlyKey(Path folder) throws Exception {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            chain = read(factory, folder.resolve("fullchain.pem")).toArray(new X509Certificate[0]);
            key = throughKeyStore(readKey(folder.resolve("key.pem"), chain[0].getPublicKey().getAlgorithm()), chain);
        }

        private static PrivateKey readKey(Path path, String algorithm) throws Exception {
            String text = Files.readString(path);
            String begin = "-----BEGIN PRIVATE KEY-----";
            String end = "-----END PRIVATE KEY-----";
            String body = text.substring(text.indexOf(begin) + begin.length(), text.indexOf(end));
            byte[] pkcs8 = Base64.getMimeDecoder().decode(body);
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        }

        /** A PKCS #12 store refuses a chain whose parts do not belong together. */
        private static PrivateKey throughKeyStore(PrivateKey key, Certificate[] chain) throws Exception {
            char[] password = "in memory only".toCharArray();
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(ALIAS, key, password, chain);
            return (PrivateKey) store.getKey(ALIAS, password);
        }

        @Override
        public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
            return fits(keyTypes) ? ALIAS : null;
        }

        @Override
        public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            return fits(keyType) ? ALIAS : null;
        }

        @Override
        public String[] getClientAliases(String keyType, Principal[] issuers) {
            return new String[] {ALIAS};
        }

        @Override
        public String[] getServerAliases(String keyType, Principal[] issuers) {
            return new String[] {ALIAS};
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.clone();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }

        /** The JDK asks for one kind of key after the other, the one with an RSASSA-PSS key and the like among them. */
        private boolean fits(String... keyTypes) {
            for (String type : keyTypes) {
                if (type.equals(key.getAlgorithm())) {
                    return true;
                }
            }
            return false;
        }
    }
}
