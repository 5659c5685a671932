import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** Opens an encrypted key in PEM with nothing but the JDK: OpenKey FILE PASSPHRASE. */
public class OpenKey {
    public static void main(String[] arguments) throws Exception {
        String pem = Files.readString(Path.of(arguments[0]));
        String base64 = pem.replaceAll("-----[^-]*-----", "").replaceAll("\\s", "");
        var info = new EncryptedPrivateKeyInfo(Base64.getDecoder().decode(base64));
        AlgorithmParameters parameters = info.getAlgParameters();
        // The name of the whole scheme is in its parameters: PBEWithHmacSHA256AndAES_256.
        String scheme = parameters.toString();
        var secret = SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec(arguments[1].toCharArray()));
        Cipher cipher = Cipher.getInstance(scheme);
        cipher.init(Cipher.DECRYPT_MODE, secret, parameters);
        System.out.println("opened " + info.getKeySpec(cipher).getFormat());
    }
}
